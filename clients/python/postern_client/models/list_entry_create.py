from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.known_list_kind import KnownListKind
from ..models.known_list_scope_name import KnownListScopeName
from ..types import UNSET, Unset

T = TypeVar("T", bound="ListEntryCreate")


@_attrs_define
class ListEntryCreate:
    """A new entry.

    Example:
        {'comment': 'ticket 4711', 'kind': 'block', 'scope': 'tenant', 'sender': '*@bad.example', 'tenant_id':
            'ten_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f'}

    Attributes:
        kind (KnownListKind | str): More may come.
        scope (KnownListScopeName | str): Whose mail an entry is about. The most specific scope that has a matching
            entry decides; within one, block beats allow. More may come.
        client (None | str | Unset): An address or a network. This or `sender`.
        comment (None | str | Unset): For people.
        domain_id (None | str | Unset):
        expires_at (datetime.datetime | None | Unset):
        recipient (None | str | Unset): For scope `recipient`: an address of the domain.
        sender (None | str | Unset): Compared with the reverse-path: an address, `*@domain`, `*@*.domain` (every
            subdomain), or `<>`. This or `client`.
        tenant_id (None | str | Unset):
    """

    kind: KnownListKind | str
    scope: KnownListScopeName | str
    client: None | str | Unset = UNSET
    comment: None | str | Unset = UNSET
    domain_id: None | str | Unset = UNSET
    expires_at: datetime.datetime | None | Unset = UNSET
    recipient: None | str | Unset = UNSET
    sender: None | str | Unset = UNSET
    tenant_id: None | str | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        kind: str
        if isinstance(self.kind, KnownListKind):
            kind = self.kind.value
        else:
            kind = self.kind

        scope: str
        if isinstance(self.scope, KnownListScopeName):
            scope = self.scope.value
        else:
            scope = self.scope

        client: None | str | Unset
        if isinstance(self.client, Unset):
            client = UNSET
        else:
            client = self.client

        comment: None | str | Unset
        if isinstance(self.comment, Unset):
            comment = UNSET
        else:
            comment = self.comment

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

        recipient: None | str | Unset
        if isinstance(self.recipient, Unset):
            recipient = UNSET
        else:
            recipient = self.recipient

        sender: None | str | Unset
        if isinstance(self.sender, Unset):
            sender = UNSET
        else:
            sender = self.sender

        tenant_id: None | str | Unset
        if isinstance(self.tenant_id, Unset):
            tenant_id = UNSET
        else:
            tenant_id = self.tenant_id

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "kind": kind,
                "scope": scope,
            }
        )
        if client is not UNSET:
            field_dict["client"] = client
        if comment is not UNSET:
            field_dict["comment"] = comment
        if domain_id is not UNSET:
            field_dict["domain_id"] = domain_id
        if expires_at is not UNSET:
            field_dict["expires_at"] = expires_at
        if recipient is not UNSET:
            field_dict["recipient"] = recipient
        if sender is not UNSET:
            field_dict["sender"] = sender
        if tenant_id is not UNSET:
            field_dict["tenant_id"] = tenant_id

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)

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

        def _parse_client(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        client = _parse_client(d.pop("client", UNSET))

        def _parse_comment(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        comment = _parse_comment(d.pop("comment", UNSET))

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

        def _parse_recipient(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        recipient = _parse_recipient(d.pop("recipient", UNSET))

        def _parse_sender(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        sender = _parse_sender(d.pop("sender", UNSET))

        def _parse_tenant_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        tenant_id = _parse_tenant_id(d.pop("tenant_id", UNSET))

        list_entry_create = cls(
            kind=kind,
            scope=scope,
            client=client,
            comment=comment,
            domain_id=domain_id,
            expires_at=expires_at,
            recipient=recipient,
            sender=sender,
            tenant_id=tenant_id,
        )

        return list_entry_create
