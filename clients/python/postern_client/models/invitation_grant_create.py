from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.grant_role import GrantRole
from ..models.known_grant_scope_name import KnownGrantScopeName
from ..types import UNSET, Unset

T = TypeVar("T", bound="InvitationGrantCreate")


@_attrs_define
class InvitationGrantCreate:
    """What whoever accepts is given; as in `POST /v1/grants`.

    Attributes:
        role (GrantRole): A role that can be granted.
        scope (KnownGrantScopeName | str): What a grant is over. More may come.
        domain_id (None | str | Unset):
        expires_at (datetime.datetime | None | Unset):
        max_domains (int | None | Unset): For `domain_admin` over a tenant: how many domains there may be that were
            created through the grant.
        may_delegate (bool | Unset): May they give it to others, as it is or less?
        tenant_id (None | str | Unset):
    """

    role: GrantRole
    scope: KnownGrantScopeName | str
    domain_id: None | str | Unset = UNSET
    expires_at: datetime.datetime | None | Unset = UNSET
    max_domains: int | None | Unset = UNSET
    may_delegate: bool | Unset = UNSET
    tenant_id: None | str | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        role = self.role.value

        scope: str
        if isinstance(self.scope, KnownGrantScopeName):
            scope = self.scope.value
        else:
            scope = self.scope

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

        max_domains: int | None | Unset
        if isinstance(self.max_domains, Unset):
            max_domains = UNSET
        else:
            max_domains = self.max_domains

        may_delegate = self.may_delegate

        tenant_id: None | str | Unset
        if isinstance(self.tenant_id, Unset):
            tenant_id = UNSET
        else:
            tenant_id = self.tenant_id

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "role": role,
                "scope": scope,
            }
        )
        if domain_id is not UNSET:
            field_dict["domain_id"] = domain_id
        if expires_at is not UNSET:
            field_dict["expires_at"] = expires_at
        if max_domains is not UNSET:
            field_dict["max_domains"] = max_domains
        if may_delegate is not UNSET:
            field_dict["may_delegate"] = may_delegate
        if tenant_id is not UNSET:
            field_dict["tenant_id"] = tenant_id

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        role = GrantRole(d.pop("role"))

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

        def _parse_max_domains(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        max_domains = _parse_max_domains(d.pop("max_domains", UNSET))

        may_delegate = d.pop("may_delegate", UNSET)

        def _parse_tenant_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        tenant_id = _parse_tenant_id(d.pop("tenant_id", UNSET))

        invitation_grant_create = cls(
            role=role,
            scope=scope,
            domain_id=domain_id,
            expires_at=expires_at,
            max_domains=max_domains,
            may_delegate=may_delegate,
            tenant_id=tenant_id,
        )

        return invitation_grant_create
