from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.passkey_answer import PasskeyAnswer


T = TypeVar("T", bound="SecondFactor")


@_attrs_define
class SecondFactor:
    """
    Example:
        {'ticket': 'ptk_AbCd…', 'totp_code': '123456'}

    Attributes:
        ticket (str): `challenge.ticket` of the problem `second_factor_required`. It is good for five tries and five
            minutes. Example: ptk_AbCd….
        cookies (bool | Unset): For a page in a browser: the tokens go into cookies that no script reads, and not into
            the answer. Example: False.
        passkey (None | PasskeyAnswer | Unset):
        recovery_code (None | str | Unset): One of the ten that were shown; it is good once.
        totp_code (None | str | Unset): Six digits, from the authenticator app. Example: 123456.
    """

    ticket: str
    cookies: bool | Unset = UNSET
    passkey: None | PasskeyAnswer | Unset = UNSET
    recovery_code: None | str | Unset = UNSET
    totp_code: None | str | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        from ..models.passkey_answer import PasskeyAnswer  # noqa: PLC0415

        ticket = self.ticket

        cookies = self.cookies

        passkey: dict[str, Any] | None | Unset
        if isinstance(self.passkey, Unset):
            passkey = UNSET
        elif isinstance(self.passkey, PasskeyAnswer):
            passkey = self.passkey.to_dict()
        else:
            passkey = self.passkey

        recovery_code: None | str | Unset
        if isinstance(self.recovery_code, Unset):
            recovery_code = UNSET
        else:
            recovery_code = self.recovery_code

        totp_code: None | str | Unset
        if isinstance(self.totp_code, Unset):
            totp_code = UNSET
        else:
            totp_code = self.totp_code

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "ticket": ticket,
            }
        )
        if cookies is not UNSET:
            field_dict["cookies"] = cookies
        if passkey is not UNSET:
            field_dict["passkey"] = passkey
        if recovery_code is not UNSET:
            field_dict["recovery_code"] = recovery_code
        if totp_code is not UNSET:
            field_dict["totp_code"] = totp_code

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.passkey_answer import PasskeyAnswer  # noqa: PLC0415

        d = dict(src_dict)
        ticket = d.pop("ticket")

        cookies = d.pop("cookies", UNSET)

        def _parse_passkey(data: object) -> None | PasskeyAnswer | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                passkey_type_0 = PasskeyAnswer.from_dict(data)

                return passkey_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | PasskeyAnswer | Unset, data)

        passkey = _parse_passkey(d.pop("passkey", UNSET))

        def _parse_recovery_code(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        recovery_code = _parse_recovery_code(d.pop("recovery_code", UNSET))

        def _parse_totp_code(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        totp_code = _parse_totp_code(d.pop("totp_code", UNSET))

        second_factor = cls(
            ticket=ticket,
            cookies=cookies,
            passkey=passkey,
            recovery_code=recovery_code,
            totp_code=totp_code,
        )

        return second_factor
