from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.known_grant_scope_name import KnownGrantScopeName
from ..types import UNSET, Unset

T = TypeVar("T", bound="ApiKeyCreate")


@_attrs_define
class ApiKeyCreate:
    """A new key.

    Example:
        {'actions': ['tenants.read', 'tenants.write', 'domains.read', 'domains.create'], 'address_ranges':
            ['192.0.2.0/24'], 'name': 'onboarding', 'scope': 'tenant', 'tenant_id': 'ten_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f'}

    Attributes:
        actions (list[str]): What it may do, in the words of `GET /v1/me/permissions`. Each only as far as you may, at
            the time of each request.
        name (str): For people.
        scope (KnownGrantScopeName | str): What a grant is over. More may come.
        address_ranges (list[str] | Unset): Networks that it is good from; anywhere if empty.
        domain_id (None | str | Unset):
        expires_at (datetime.datetime | None | Unset):
        read_only (bool | Unset): Only actions that read.
        tenant_id (None | str | Unset):
    """

    actions: list[str]
    name: str
    scope: KnownGrantScopeName | str
    address_ranges: list[str] | Unset = UNSET
    domain_id: None | str | Unset = UNSET
    expires_at: datetime.datetime | None | Unset = UNSET
    read_only: bool | Unset = UNSET
    tenant_id: None | str | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        actions = self.actions

        name = self.name

        scope: str
        if isinstance(self.scope, KnownGrantScopeName):
            scope = self.scope.value
        else:
            scope = self.scope

        address_ranges: list[str] | Unset = UNSET
        if not isinstance(self.address_ranges, Unset):
            address_ranges = self.address_ranges

        domain_id: None | str | Unset
        if isinstance(self.domain_id, Unset):
            domain_id = UNSET
        else:
            domain_id = self.domain_id

        expires_at: None | str | Unset
        if isinstance(self.expires_at, Unset):
            expires_at = UNSET
        elif isinstance(self.expires_at, datetime.datetime):
            expires_at = self.expires_at.isoformat()
        else:
            expires_at = self.expires_at

        read_only = self.read_only

        tenant_id: None | str | Unset
        if isinstance(self.tenant_id, Unset):
            tenant_id = UNSET
        else:
            tenant_id = self.tenant_id

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "actions": actions,
                "name": name,
                "scope": scope,
            }
        )
        if address_ranges is not UNSET:
            field_dict["address_ranges"] = address_ranges
        if domain_id is not UNSET:
            field_dict["domain_id"] = domain_id
        if expires_at is not UNSET:
            field_dict["expires_at"] = expires_at
        if read_only is not UNSET:
            field_dict["read_only"] = read_only
        if tenant_id is not UNSET:
            field_dict["tenant_id"] = tenant_id

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        actions = cast(list[str], d.pop("actions"))

        name = d.pop("name")

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

        address_ranges = cast(list[str], d.pop("address_ranges", UNSET))

        def _parse_domain_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        domain_id = _parse_domain_id(d.pop("domain_id", UNSET))

        def _parse_expires_at(data: object) -> datetime.datetime | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                expires_at_type_0 = datetime.datetime.fromisoformat(data)

                return expires_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None | Unset, data)

        expires_at = _parse_expires_at(d.pop("expires_at", UNSET))

        read_only = d.pop("read_only", UNSET)

        def _parse_tenant_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        tenant_id = _parse_tenant_id(d.pop("tenant_id", UNSET))

        api_key_create = cls(
            actions=actions,
            name=name,
            scope=scope,
            address_ranges=address_ranges,
            domain_id=domain_id,
            expires_at=expires_at,
            read_only=read_only,
            tenant_id=tenant_id,
        )

        return api_key_create
