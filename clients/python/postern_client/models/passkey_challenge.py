from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.passkey_challenge_options import PasskeyChallengeOptions


T = TypeVar("T", bound="PasskeyChallenge")


@_attrs_define
class PasskeyChallenge:
    """What an authenticator is asked.

    Attributes:
        ceremony (str): To send back with the answer, once. Example: pcy_AbCd….
        expires_at (datetime.datetime):
        options (PasskeyChallengeOptions): For `navigator.credentials`, as `WebAuthn` writes it:
            `PublicKeyCredential.parse…OptionsFromJSON(options.publicKey)`.
    """

    ceremony: str
    expires_at: datetime.datetime
    options: PasskeyChallengeOptions
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        ceremony = self.ceremony

        expires_at = self.expires_at.isoformat()

        options = self.options.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "ceremony": ceremony,
                "expires_at": expires_at,
                "options": options,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.passkey_challenge_options import PasskeyChallengeOptions  # noqa: PLC0415

        d = dict(src_dict)
        ceremony = d.pop("ceremony")

        expires_at = datetime.datetime.fromisoformat(d.pop("expires_at"))

        options = PasskeyChallengeOptions.from_dict(d.pop("options"))

        passkey_challenge = cls(
            ceremony=ceremony,
            expires_at=expires_at,
            options=options,
        )

        passkey_challenge.additional_properties = d
        return passkey_challenge

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
