from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.passkey_create_credential import PasskeyCreateCredential


T = TypeVar("T", bound="PasskeyCreate")


@_attrs_define
class PasskeyCreate:
    """
    Attributes:
        ceremony (str): As it came with the options (`POST /v1/me/passkey-options`). Example: pcy_AbCd….
        credential (PasskeyCreateCredential): The credential (`PublicKeyCredential.toJSON()`), as `WebAuthn` writes it.
        name (str): For people. Example: blue key.
    """

    ceremony: str
    credential: PasskeyCreateCredential
    name: str

    def to_dict(self) -> dict[str, Any]:
        ceremony = self.ceremony

        credential = self.credential.to_dict()

        name = self.name

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "ceremony": ceremony,
                "credential": credential,
                "name": name,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.passkey_create_credential import PasskeyCreateCredential  # noqa: PLC0415

        d = dict(src_dict)
        ceremony = d.pop("ceremony")

        credential = PasskeyCreateCredential.from_dict(d.pop("credential"))

        name = d.pop("name")

        passkey_create = cls(
            ceremony=ceremony,
            credential=credential,
            name=name,
        )

        return passkey_create
