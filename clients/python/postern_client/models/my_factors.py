from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.passkey_view import PasskeyView
    from ..models.totp_view import TotpView


T = TypeVar("T", bound="MyFactors")


@_attrs_define
class MyFactors:
    """One's own second factors. Nobody else ever sees them.

    Attributes:
        passkeys (list[PasskeyView]):
        recovery_codes_left (int): Recovery codes that were not used. Example: 10.
        required_from (datetime.datetime | None):
        second_factor (str): `off`, `allowed` or `required`: the strictest of what applies to one. Example: required.
        totp (None | TotpView):
    """

    passkeys: list[PasskeyView]
    recovery_codes_left: int
    required_from: datetime.datetime | None
    second_factor: str
    totp: None | TotpView
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.totp_view import TotpView  # noqa: PLC0415

        passkeys = []
        for passkeys_item_data in self.passkeys:
            passkeys_item = passkeys_item_data.to_dict()
            passkeys.append(passkeys_item)

        recovery_codes_left = self.recovery_codes_left

        required_from: None | str
        if isinstance(self.required_from, datetime.datetime):
            required_from = self.required_from.isoformat()
        else:
            required_from = self.required_from

        second_factor = self.second_factor

        totp: dict[str, Any] | None
        if isinstance(self.totp, TotpView):
            totp = self.totp.to_dict()
        else:
            totp = self.totp

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "passkeys": passkeys,
                "recovery_codes_left": recovery_codes_left,
                "required_from": required_from,
                "second_factor": second_factor,
                "totp": totp,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.passkey_view import PasskeyView  # noqa: PLC0415
        from ..models.totp_view import TotpView  # noqa: PLC0415

        d = dict(src_dict)
        passkeys = []
        _passkeys = d.pop("passkeys")
        for passkeys_item_data in _passkeys:
            passkeys_item = PasskeyView.from_dict(passkeys_item_data)

            passkeys.append(passkeys_item)

        recovery_codes_left = d.pop("recovery_codes_left")

        def _parse_required_from(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                required_from_type_0 = datetime.datetime.fromisoformat(data)

                return required_from_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        required_from = _parse_required_from(d.pop("required_from"))

        second_factor = d.pop("second_factor")

        def _parse_totp(data: object) -> None | TotpView:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                totp_type_0 = TotpView.from_dict(data)

                return totp_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | TotpView, data)

        totp = _parse_totp(d.pop("totp"))

        my_factors = cls(
            passkeys=passkeys,
            recovery_codes_left=recovery_codes_left,
            required_from=required_from,
            second_factor=second_factor,
            totp=totp,
        )

        my_factors.additional_properties = d
        return my_factors

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
