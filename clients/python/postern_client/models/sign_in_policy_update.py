from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.known_second_factor_rule import KnownSecondFactorRule
from ..types import UNSET, Unset

T = TypeVar("T", bound="SignInPolicyUpdate")


@_attrs_define
class SignInPolicyUpdate:
    """
    Example:
        {'required_from': '2027-06-01T00:00:00Z', 'second_factor': 'required'}

    Attributes:
        second_factor (KnownSecondFactorRule | None | str):
        required_from (datetime.datetime | None | Unset):
    """

    second_factor: KnownSecondFactorRule | None | str
    required_from: datetime.datetime | None | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        second_factor: None | str
        if isinstance(self.second_factor, KnownSecondFactorRule):
            second_factor = self.second_factor.value
        else:
            second_factor = self.second_factor

        required_from: None | str | Unset
        if isinstance(self.required_from, Unset):
            required_from = UNSET
        elif isinstance(self.required_from, datetime.datetime):
            required_from = self.required_from.isoformat()
        else:
            required_from = self.required_from

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "second_factor": second_factor,
            }
        )
        if required_from is not UNSET:
            field_dict["required_from"] = required_from

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)

        def _parse_second_factor(data: object) -> KnownSecondFactorRule | None | str:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                componentsschemas_second_factor_rule_type_0 = KnownSecondFactorRule(data)

                return componentsschemas_second_factor_rule_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(KnownSecondFactorRule | None | str, data)

        second_factor = _parse_second_factor(d.pop("second_factor"))

        def _parse_required_from(data: object) -> datetime.datetime | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                required_from_type_0 = datetime.datetime.fromisoformat(data)

                return required_from_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None | Unset, data)

        required_from = _parse_required_from(d.pop("required_from", UNSET))

        sign_in_policy_update = cls(
            second_factor=second_factor,
            required_from=required_from,
        )

        return sign_in_policy_update
