from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.passkey_answer_credential import PasskeyAnswerCredential


T = TypeVar("T", bound="PasskeyAnswer")


@_attrs_define
class PasskeyAnswer:
    """What `navigator.credentials` gave.

    Attributes:
        ceremony (str): As it came with the options. Example: pcy_AbCd….
        credential (PasskeyAnswerCredential): The credential (`PublicKeyCredential.toJSON()`), as `WebAuthn` writes it.
    """

    ceremony: str
    credential: PasskeyAnswerCredential

    def to_dict(self) -> dict[str, Any]:
        ceremony = self.ceremony

        credential = self.credential.to_dict()

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "ceremony": ceremony,
                "credential": credential,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.passkey_answer_credential import PasskeyAnswerCredential  # noqa: PLC0415

        d = dict(src_dict)
        ceremony = d.pop("ceremony")

        credential = PasskeyAnswerCredential.from_dict(d.pop("credential"))

        passkey_answer = cls(
            ceremony=ceremony,
            credential=credential,
        )

        return passkey_answer
