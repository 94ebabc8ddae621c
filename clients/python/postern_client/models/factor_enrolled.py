from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.passkey_view import PasskeyView


T = TypeVar("T", bound="FactorEnrolled")


@_attrs_define
class FactorEnrolled:
    """A factor is set up.

    Attributes:
        method (str): `totp` or `passkey`. More may come. Example: totp.
        passkey (None | PasskeyView):
        recovery_codes (list[str]): With the first factor: ten codes, each good once where the factor is not at hand.
            They are shown this once. Example: ['abcd-efgh-ijkl-mnop'].
    """

    method: str
    passkey: None | PasskeyView
    recovery_codes: list[str]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.passkey_view import PasskeyView  # noqa: PLC0415

        method = self.method

        passkey: dict[str, Any] | None
        if isinstance(self.passkey, PasskeyView):
            passkey = self.passkey.to_dict()
        else:
            passkey = self.passkey

        recovery_codes = self.recovery_codes

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "method": method,
                "passkey": passkey,
                "recovery_codes": recovery_codes,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.passkey_view import PasskeyView  # noqa: PLC0415

        d = dict(src_dict)
        method = d.pop("method")

        def _parse_passkey(data: object) -> None | PasskeyView:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                passkey_type_0 = PasskeyView.from_dict(data)

                return passkey_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | PasskeyView, data)

        passkey = _parse_passkey(d.pop("passkey"))

        recovery_codes = cast(list[str], d.pop("recovery_codes"))

        factor_enrolled = cls(
            method=method,
            passkey=passkey,
            recovery_codes=recovery_codes,
        )

        factor_enrolled.additional_properties = d
        return factor_enrolled

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
