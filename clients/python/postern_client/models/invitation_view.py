from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.known_mail_language import KnownMailLanguage

if TYPE_CHECKING:
    from ..models.invitation_grant import InvitationGrant


T = TypeVar("T", bound="InvitationView")


@_attrs_define
class InvitationView:
    """An invitation. Whether its address has an account is not in it.

    Attributes:
        created_at (datetime.datetime):
        email (str):  Example: anna@acme.example.
        ended_at (datetime.datetime | None):
        expires_at (datetime.datetime):
        grant (InvitationGrant): What whoever accepts is given.
        id (str):
        invited_by (str):
        language (KnownMailLanguage | None | str):
        sent_at (datetime.datetime):
        state (str): `pending`, `accepted`, `revoked` or `expired`. More may come. A pending one comes to nothing once
            whoever sent it may not
            give the grant any more. Example: pending.
        tenant_id (None | str):
    """

    created_at: datetime.datetime
    email: str
    ended_at: datetime.datetime | None
    expires_at: datetime.datetime
    grant: InvitationGrant
    id: str
    invited_by: str
    language: KnownMailLanguage | None | str
    sent_at: datetime.datetime
    state: str
    tenant_id: None | str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        created_at = self.created_at.isoformat()

        email = self.email

        ended_at: None | str
        if isinstance(self.ended_at, datetime.datetime):
            ended_at = self.ended_at.isoformat()
        else:
            ended_at = self.ended_at

        expires_at = self.expires_at.isoformat()

        grant = self.grant.to_dict()

        id = self.id

        invited_by = self.invited_by

        language: None | str
        if isinstance(self.language, KnownMailLanguage):
            language = self.language.value
        else:
            language = self.language

        sent_at = self.sent_at.isoformat()

        state = self.state

        tenant_id: None | str
        tenant_id = self.tenant_id

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "created_at": created_at,
                "email": email,
                "ended_at": ended_at,
                "expires_at": expires_at,
                "grant": grant,
                "id": id,
                "invited_by": invited_by,
                "language": language,
                "sent_at": sent_at,
                "state": state,
                "tenant_id": tenant_id,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.invitation_grant import InvitationGrant  # noqa: PLC0415

        d = dict(src_dict)
        created_at = datetime.datetime.fromisoformat(d.pop("created_at"))

        email = d.pop("email")

        def _parse_ended_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                ended_at_type_0 = datetime.datetime.fromisoformat(data)

                return ended_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        ended_at = _parse_ended_at(d.pop("ended_at"))

        expires_at = datetime.datetime.fromisoformat(d.pop("expires_at"))

        grant = InvitationGrant.from_dict(d.pop("grant"))

        id = d.pop("id")

        invited_by = d.pop("invited_by")

        def _parse_language(data: object) -> KnownMailLanguage | None | str:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                componentsschemas_mail_language_type_0 = KnownMailLanguage(data)

                return componentsschemas_mail_language_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(KnownMailLanguage | None | str, data)

        language = _parse_language(d.pop("language"))

        sent_at = datetime.datetime.fromisoformat(d.pop("sent_at"))

        state = d.pop("state")

        def _parse_tenant_id(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        tenant_id = _parse_tenant_id(d.pop("tenant_id"))

        invitation_view = cls(
            created_at=created_at,
            email=email,
            ended_at=ended_at,
            expires_at=expires_at,
            grant=grant,
            id=id,
            invited_by=invited_by,
            language=language,
            sent_at=sent_at,
            state=state,
            tenant_id=tenant_id,
        )

        invitation_view.additional_properties = d
        return invitation_view

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
