from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.known_mail_language import KnownMailLanguage
from ..types import UNSET, Unset

T = TypeVar("T", bound="TenantAdministrator")


@_attrs_define
class TenantAdministrator:
    """Who is invited to administer the new tenant. An account that is made by it belongs there.

    Attributes:
        email (str):
        language (KnownMailLanguage | None | str | Unset):
    """

    email: str
    language: KnownMailLanguage | None | str | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        email = self.email

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
            }
        )
        if language is not UNSET:
            field_dict["language"] = language

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        email = d.pop("email")

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

        tenant_administrator = cls(
            email=email,
            language=language,
        )

        return tenant_administrator
