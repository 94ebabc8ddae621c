from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="Permission")


@_attrs_define
class Permission:
    """Where an action is open.

    Attributes:
        action (str):  Example: recipients.write.
        domain_ids (list[str]):
        installation (bool): Everywhere. Example: False.
        tenant_ids (list[str]): In these tenants and all below them; `domains.create` by a `domain_admin` in them alone.
    """

    action: str
    domain_ids: list[str]
    installation: bool
    tenant_ids: list[str]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        action = self.action

        domain_ids = self.domain_ids

        installation = self.installation

        tenant_ids = self.tenant_ids

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "action": action,
                "domain_ids": domain_ids,
                "installation": installation,
                "tenant_ids": tenant_ids,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        action = d.pop("action")

        domain_ids = cast(list[str], d.pop("domain_ids"))

        installation = d.pop("installation")

        tenant_ids = cast(list[str], d.pop("tenant_ids"))

        permission = cls(
            action=action,
            domain_ids=domain_ids,
            installation=installation,
            tenant_ids=tenant_ids,
        )

        permission.additional_properties = d
        return permission

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
