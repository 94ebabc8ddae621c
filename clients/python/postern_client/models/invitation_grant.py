from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.known_grant_scope_name import KnownGrantScopeName

T = TypeVar("T", bound="InvitationGrant")


@_attrs_define
class InvitationGrant:
    """What whoever accepts is given.

    Attributes:
        domain_id (None | str):
        expires_at (datetime.datetime | None):
        max_domains (int | None):  Example: 10.
        may_delegate (bool):  Example: False.
        role (str):  Example: tenant_admin.
        scope (KnownGrantScopeName | str): What a grant is over. More may come.
        tenant_id (None | str):
    """

    domain_id: None | str
    expires_at: datetime.datetime | None
    max_domains: int | None
    may_delegate: bool
    role: str
    scope: KnownGrantScopeName | str
    tenant_id: None | str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        domain_id: None | str
        domain_id = self.domain_id

        expires_at: None | str
        if isinstance(self.expires_at, datetime.datetime):
            expires_at = self.expires_at.isoformat()
        else:
            expires_at = self.expires_at

        max_domains: int | None
        max_domains = self.max_domains

        may_delegate = self.may_delegate

        role = self.role

        scope: str
        if isinstance(self.scope, KnownGrantScopeName):
            scope = self.scope.value
        else:
            scope = self.scope

        tenant_id: None | str
        tenant_id = self.tenant_id

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "domain_id": domain_id,
                "expires_at": expires_at,
                "max_domains": max_domains,
                "may_delegate": may_delegate,
                "role": role,
                "scope": scope,
                "tenant_id": tenant_id,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)

        def _parse_domain_id(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        domain_id = _parse_domain_id(d.pop("domain_id"))

        def _parse_expires_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                expires_at_type_0 = datetime.datetime.fromisoformat(data)

                return expires_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        expires_at = _parse_expires_at(d.pop("expires_at"))

        def _parse_max_domains(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        max_domains = _parse_max_domains(d.pop("max_domains"))

        may_delegate = d.pop("may_delegate")

        role = d.pop("role")

        def _parse_scope(data: object) -> KnownGrantScopeName | str:
            try:
                if not isinstance(data, str):
                    raise TypeError()
                componentsschemas_grant_scope_name_type_0 = KnownGrantScopeName(data)

                return componentsschemas_grant_scope_name_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(KnownGrantScopeName | str, data)

        scope = _parse_scope(d.pop("scope"))

        def _parse_tenant_id(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        tenant_id = _parse_tenant_id(d.pop("tenant_id"))

        invitation_grant = cls(
            domain_id=domain_id,
            expires_at=expires_at,
            max_domains=max_domains,
            may_delegate=may_delegate,
            role=role,
            scope=scope,
            tenant_id=tenant_id,
        )

        invitation_grant.additional_properties = d
        return invitation_grant

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
