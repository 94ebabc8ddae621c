from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.known_grant_scope_name import KnownGrantScopeName

T = TypeVar("T", bound="InvitationLook")


@_attrs_define
class InvitationLook:
    """What somebody is invited to.

    Attributes:
        domain_name (None | str): For scope `domain`. Example: acme.example.
        email (str):  Example: anna@acme.example.
        expires_at (datetime.datetime):
        grant_expires_at (datetime.datetime | None):
        has_account (bool): Is there an account with the address? Then its owner signs in and accepts; else whoever
            accepts chooses a password. Example: False.
        role (str):  Example: tenant_admin.
        scope (KnownGrantScopeName | str): What a grant is over. More may come.
        tenant_name (str): The tenant that invites. Example: Acme Ltd.
    """

    domain_name: None | str
    email: str
    expires_at: datetime.datetime
    grant_expires_at: datetime.datetime | None
    has_account: bool
    role: str
    scope: KnownGrantScopeName | str
    tenant_name: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        domain_name: None | str
        domain_name = self.domain_name

        email = self.email

        expires_at = self.expires_at.isoformat()

        grant_expires_at: None | str
        if isinstance(self.grant_expires_at, datetime.datetime):
            grant_expires_at = self.grant_expires_at.isoformat()
        else:
            grant_expires_at = self.grant_expires_at

        has_account = self.has_account

        role = self.role

        scope: str
        if isinstance(self.scope, KnownGrantScopeName):
            scope = self.scope.value
        else:
            scope = self.scope

        tenant_name = self.tenant_name

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "domain_name": domain_name,
                "email": email,
                "expires_at": expires_at,
                "grant_expires_at": grant_expires_at,
                "has_account": has_account,
                "role": role,
                "scope": scope,
                "tenant_name": tenant_name,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)

        def _parse_domain_name(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        domain_name = _parse_domain_name(d.pop("domain_name"))

        email = d.pop("email")

        expires_at = datetime.datetime.fromisoformat(d.pop("expires_at"))

        def _parse_grant_expires_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                grant_expires_at_type_0 = datetime.datetime.fromisoformat(data)

                return grant_expires_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        grant_expires_at = _parse_grant_expires_at(d.pop("grant_expires_at"))

        has_account = d.pop("has_account")

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

        tenant_name = d.pop("tenant_name")

        invitation_look = cls(
            domain_name=domain_name,
            email=email,
            expires_at=expires_at,
            grant_expires_at=grant_expires_at,
            has_account=has_account,
            role=role,
            scope=scope,
            tenant_name=tenant_name,
        )

        invitation_look.additional_properties = d
        return invitation_look

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
