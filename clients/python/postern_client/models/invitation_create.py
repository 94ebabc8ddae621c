from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.known_mail_language import KnownMailLanguage
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.invitation_grant_create import InvitationGrantCreate


T = TypeVar("T", bound="InvitationCreate")


@_attrs_define
class InvitationCreate:
    """An invitation to be sent.

    Example:
        {'email': 'anna@acme.example', 'grant': {'role': 'tenant_admin', 'scope': 'tenant', 'tenant_id':
            'ten_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f'}, 'tenant_id': 'ten_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f'}

    Attributes:
        email (str): It makes no difference whether there is an account with it.
        grant (InvitationGrantCreate): What whoever accepts is given; as in `POST /v1/grants`.
        tenant_id (str):
        language (KnownMailLanguage | None | str | Unset):
    """

    email: str
    grant: InvitationGrantCreate
    tenant_id: str
    language: KnownMailLanguage | None | str | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        email = self.email

        grant = self.grant.to_dict()

        tenant_id = self.tenant_id

        language: None | str | Unset
        if isinstance(self.language, Unset):
            language = UNSET
        elif isinstance(self.language, KnownMailLanguage):
            language = self.language.value
        else:
            language = self.language

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "email": email,
                "grant": grant,
                "tenant_id": tenant_id,
            }
        )
        if language is not UNSET:
            field_dict["language"] = language

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.invitation_grant_create import InvitationGrantCreate  # noqa: PLC0415

        d = dict(src_dict)
        email = d.pop("email")

        grant = InvitationGrantCreate.from_dict(d.pop("grant"))

        tenant_id = d.pop("tenant_id")

        def _parse_language(data: object) -> KnownMailLanguage | None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                componentsschemas_mail_language_type_0 = KnownMailLanguage(data)

                return componentsschemas_mail_language_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(KnownMailLanguage | None | str | Unset, data)

        language = _parse_language(d.pop("language", UNSET))

        invitation_create = cls(
            email=email,
            grant=grant,
            tenant_id=tenant_id,
            language=language,
        )

        return invitation_create
