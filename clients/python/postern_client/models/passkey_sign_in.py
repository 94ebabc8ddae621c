from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.passkey_sign_in_credential import PasskeySignInCredential


T = TypeVar("T", bound="PasskeySignIn")


@_attrs_define
class PasskeySignIn:
    """
    Attributes:
        ceremony (str): As it came with the options. Example: pcy_AbCd….
        credential (PasskeySignInCredential): The credential (`PublicKeyCredential.toJSON()`), as `WebAuthn` writes it.
        cookies (bool | Unset): For a page in a browser: the tokens go into cookies that no script reads, and not into
            the answer. Example: False.
    """

    ceremony: str
    credential: PasskeySignInCredential
    cookies: bool | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        ceremony = self.ceremony

        credential = self.credential.to_dict()

        cookies = self.cookies

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "ceremony": ceremony,
                "credential": credential,
            }
        )
        if cookies is not UNSET:
            field_dict["cookies"] = cookies

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.passkey_sign_in_credential import PasskeySignInCredential  # noqa: PLC0415

        d = dict(src_dict)
        ceremony = d.pop("ceremony")

        credential = PasskeySignInCredential.from_dict(d.pop("credential"))

        cookies = d.pop("cookies", UNSET)

        passkey_sign_in = cls(
            ceremony=ceremony,
            credential=credential,
            cookies=cookies,
        )

        return passkey_sign_in
