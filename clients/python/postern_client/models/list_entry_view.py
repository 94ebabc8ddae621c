from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.known_list_kind import KnownListKind
from ..models.known_list_scope_name import KnownListScopeName

T = TypeVar("T", bound="ListEntryView")


@_attrs_define
class ListEntryView:
    """An entry.

    Attributes:
        client (None | str):  Example: 192.0.2.0/24.
        comment (None | str):  Example: ticket 4711.
        created_at (datetime.datetime):
        domain_id (None | str):
        expires_at (datetime.datetime | None):
        id (str):
        kind (KnownListKind | str): More may come.
        recipient (None | str):  Example: anna@acme.example.
        scope (KnownListScopeName | str): Whose mail an entry is about. The most specific scope that has a matching
            entry decides; within one, block beats allow. More may come.
        sender (None | str):  Example: *@bad.example.
        tenant_id (None | str):
    """

    client: None | str
    comment: None | str
    created_at: datetime.datetime
    domain_id: None | str
    expires_at: datetime.datetime | None
    id: str
    kind: KnownListKind | str
    recipient: None | str
    scope: KnownListScopeName | str
    sender: None | str
    tenant_id: None | str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        client: None | str
        client = self.client

        comment: None | str
        comment = self.comment

        created_at = self.created_at.isoformat()

        domain_id: None | str
        domain_id = self.domain_id

        expires_at: None | str
        if isinstance(self.expires_at, datetime.datetime):
            expires_at = self.expires_at.isoformat()
        else:
            expires_at = self.expires_at

        id = self.id

        kind: str
        if isinstance(self.kind, KnownListKind):
            kind = self.kind.value
        else:
            kind = self.kind

        recipient: None | str
        recipient = self.recipient

        scope: str
        if isinstance(self.scope, KnownListScopeName):
            scope = self.scope.value
        else:
            scope = self.scope

        sender: None | str
        sender = self.sender

        tenant_id: None | str
        tenant_id = self.tenant_id

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "client": client,
                "comment": comment,
                "created_at": created_at,
                "domain_id": domain_id,
                "expires_at": expires_at,
                "id": id,
                "kind": kind,
                "recipient": recipient,
                "scope": scope,
                "sender": sender,
                "tenant_id": tenant_id,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)

        def _parse_client(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        client = _parse_client(d.pop("client"))

        def _parse_comment(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        comment = _parse_comment(d.pop("comment"))

        created_at = datetime.datetime.fromisoformat(d.pop("created_at"))

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

        id = d.pop("id")

        def _parse_kind(data: object) -> KnownListKind | str:
            try:
                if not isinstance(data, str):
                    raise TypeError()
                componentsschemas_list_kind_type_0 = KnownListKind(data)

                return componentsschemas_list_kind_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(KnownListKind | str, data)

        kind = _parse_kind(d.pop("kind"))

        def _parse_recipient(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        recipient = _parse_recipient(d.pop("recipient"))

        def _parse_scope(data: object) -> KnownListScopeName | str:
            try:
                if not isinstance(data, str):
                    raise TypeError()
                componentsschemas_list_scope_name_type_0 = KnownListScopeName(data)

                return componentsschemas_list_scope_name_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(KnownListScopeName | str, data)

        scope = _parse_scope(d.pop("scope"))

        def _parse_sender(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        sender = _parse_sender(d.pop("sender"))

        def _parse_tenant_id(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        tenant_id = _parse_tenant_id(d.pop("tenant_id"))

        list_entry_view = cls(
            client=client,
            comment=comment,
            created_at=created_at,
            domain_id=domain_id,
            expires_at=expires_at,
            id=id,
            kind=kind,
            recipient=recipient,
            scope=scope,
            sender=sender,
            tenant_id=tenant_id,
        )

        list_entry_view.additional_properties = d
        return list_entry_view

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
