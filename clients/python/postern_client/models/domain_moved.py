from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.domain_view import DomainView


T = TypeVar("T", bound="DomainMoved")


@_attrs_define
class DomainMoved:
    """What a move came to.

    Attributes:
        alias_domain_ids (list[str]): Its alias domains, which went along.
        api_keys_ended (int): API keys over single domains of these that ended: of the same people. Example: 0.
        domain (DomainView): A domain.
        grants_ended (int): Grants over single domains of these that ended: of people whom neither their own tenant nor
            another grant takes to the
            new one. Example: 1.
    """

    alias_domain_ids: list[str]
    api_keys_ended: int
    domain: DomainView
    grants_ended: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        alias_domain_ids = self.alias_domain_ids

        api_keys_ended = self.api_keys_ended

        domain = self.domain.to_dict()

        grants_ended = self.grants_ended

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "alias_domain_ids": alias_domain_ids,
                "api_keys_ended": api_keys_ended,
                "domain": domain,
                "grants_ended": grants_ended,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.domain_view import DomainView  # noqa: PLC0415

        d = dict(src_dict)
        alias_domain_ids = cast(list[str], d.pop("alias_domain_ids"))

        api_keys_ended = d.pop("api_keys_ended")

        domain = DomainView.from_dict(d.pop("domain"))

        grants_ended = d.pop("grants_ended")

        domain_moved = cls(
            alias_domain_ids=alias_domain_ids,
            api_keys_ended=api_keys_ended,
            domain=domain,
            grants_ended=grants_ended,
        )

        domain_moved.additional_properties = d
        return domain_moved

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
