from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.known_second_factor_rule import KnownSecondFactorRule

T = TypeVar("T", bound="SignInPolicyView")


@_attrs_define
class SignInPolicyView:
    """
    Attributes:
        people_without_factor (int): How many people this level binds that have no second factor. `GET /v1/sign-in-
            policy/affected` names them. Example: 3.
        required_from (datetime.datetime | None):
        second_factor (KnownSecondFactorRule | None | str):
    """

    people_without_factor: int
    required_from: datetime.datetime | None
    second_factor: KnownSecondFactorRule | None | str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        people_without_factor = self.people_without_factor

        required_from: None | str
        if isinstance(self.required_from, datetime.datetime):
            required_from = self.required_from.isoformat()
        else:
            required_from = self.required_from

        second_factor: None | str
        if isinstance(self.second_factor, KnownSecondFactorRule):
            second_factor = self.second_factor.value
        else:
            second_factor = self.second_factor

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "people_without_factor": people_without_factor,
                "required_from": required_from,
                "second_factor": second_factor,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        people_without_factor = d.pop("people_without_factor")

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

        sign_in_policy_view = cls(
            people_without_factor=people_without_factor,
            required_from=required_from,
            second_factor=second_factor,
        )

        sign_in_policy_view.additional_properties = d
        return sign_in_policy_view

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
