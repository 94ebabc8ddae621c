from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.known_grant_scope_name import KnownGrantScopeName

T = TypeVar("T", bound="DomainAccessEntry")


@_attrs_define
class DomainAccessEntry:
    """One grant that reaches the domain. Of one from above what is yours, only the role is told.

    Attributes:
        actions (list[str]): What the role allows here. Example: ['domains.read', 'recipients.write'].
        email (None | str):  Example: anna@acme.example.
        expires_at (datetime.datetime | None):
        grant_id (None | str):
        person_id (None | str):
        role (str):  Example: domain_admin.
        scope (KnownGrantScopeName | str): What a grant is over. More may come.
        tenant_id (None | str):
    """

    actions: list[str]
    email: None | str
    expires_at: datetime.datetime | None
    grant_id: None | str
    person_id: None | str
    role: str
    scope: KnownGrantScopeName | str
    tenant_id: None | str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        actions = self.actions

        email: None | str
        email = self.email

        expires_at: None | str
        if isinstance(self.expires_at, datetime.datetime):
            expires_at = self.expires_at.isoformat()
        else:
            expires_at = self.expires_at

        grant_id: None | str
        grant_id = self.grant_id

        person_id: None | str
        person_id = self.person_id

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
                "actions": actions,
                "email": email,
                "expires_at": expires_at,
                "grant_id": grant_id,
                "person_id": person_id,
                "role": role,
                "scope": scope,
                "tenant_id": tenant_id,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        actions = cast(list[str], d.pop("actions"))

        def _parse_email(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        email = _parse_email(d.pop("email"))

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

        def _parse_grant_id(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        grant_id = _parse_grant_id(d.pop("grant_id"))

        def _parse_person_id(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        person_id = _parse_person_id(d.pop("person_id"))

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

        domain_access_entry = cls(
            actions=actions,
            email=email,
            expires_at=expires_at,
            grant_id=grant_id,
            person_id=person_id,
            role=role,
            scope=scope,
            tenant_id=tenant_id,
        )

        domain_access_entry.additional_properties = d
        return domain_access_entry

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
