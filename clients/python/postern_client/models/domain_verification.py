from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="DomainVerification")


@_attrs_define
class DomainVerification:
    """How the tenant proves that it holds the domain.

    Attributes:
        checked_at (datetime.datetime | None):
        contested_since (datetime.datetime | None):
        defer_until (datetime.datetime):
        former_value_until (datetime.datetime | None):
        missing_since (datetime.datetime | None):
        next_check_at (datetime.datetime | None):
        record_name (str): Set a record here … Example: _postern.acme.example.
        record_type (str): … of this type … Example: TXT.
        record_value (str): … with this value. Example: postern-domain-verification=Rk9PQkFSQkFaUVVYLi4uLi4uLi4.
        result (None | str): `proven`, `record_missing`, `value_differs`, `wildcard`, `dns_unavailable`,
            `held_elsewhere`, `not_checked`. More
            may come. An active domain is looked at about once a day. Example: record_missing.
    """

    checked_at: datetime.datetime | None
    contested_since: datetime.datetime | None
    defer_until: datetime.datetime
    former_value_until: datetime.datetime | None
    missing_since: datetime.datetime | None
    next_check_at: datetime.datetime | None
    record_name: str
    record_type: str
    record_value: str
    result: None | str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        checked_at: None | str
        if isinstance(self.checked_at, datetime.datetime):
            checked_at = self.checked_at.isoformat()
        else:
            checked_at = self.checked_at

        contested_since: None | str
        if isinstance(self.contested_since, datetime.datetime):
            contested_since = self.contested_since.isoformat()
        else:
            contested_since = self.contested_since

        defer_until = self.defer_until.isoformat()

        former_value_until: None | str
        if isinstance(self.former_value_until, datetime.datetime):
            former_value_until = self.former_value_until.isoformat()
        else:
            former_value_until = self.former_value_until

        missing_since: None | str
        if isinstance(self.missing_since, datetime.datetime):
            missing_since = self.missing_since.isoformat()
        else:
            missing_since = self.missing_since

        next_check_at: None | str
        if isinstance(self.next_check_at, datetime.datetime):
            next_check_at = self.next_check_at.isoformat()
        else:
            next_check_at = self.next_check_at

        record_name = self.record_name

        record_type = self.record_type

        record_value = self.record_value

        result: None | str
        result = self.result

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "checked_at": checked_at,
                "contested_since": contested_since,
                "defer_until": defer_until,
                "former_value_until": former_value_until,
                "missing_since": missing_since,
                "next_check_at": next_check_at,
                "record_name": record_name,
                "record_type": record_type,
                "record_value": record_value,
                "result": result,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)

        def _parse_checked_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                checked_at_type_0 = datetime.datetime.fromisoformat(data)

                return checked_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        checked_at = _parse_checked_at(d.pop("checked_at"))

        def _parse_contested_since(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                contested_since_type_0 = datetime.datetime.fromisoformat(data)

                return contested_since_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        contested_since = _parse_contested_since(d.pop("contested_since"))

        defer_until = datetime.datetime.fromisoformat(d.pop("defer_until"))

        def _parse_former_value_until(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                former_value_until_type_0 = datetime.datetime.fromisoformat(data)

                return former_value_until_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        former_value_until = _parse_former_value_until(d.pop("former_value_until"))

        def _parse_missing_since(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                missing_since_type_0 = datetime.datetime.fromisoformat(data)

                return missing_since_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        missing_since = _parse_missing_since(d.pop("missing_since"))

        def _parse_next_check_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                next_check_at_type_0 = datetime.datetime.fromisoformat(data)

                return next_check_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        next_check_at = _parse_next_check_at(d.pop("next_check_at"))

        record_name = d.pop("record_name")

        record_type = d.pop("record_type")

        record_value = d.pop("record_value")

        def _parse_result(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        result = _parse_result(d.pop("result"))

        domain_verification = cls(
            checked_at=checked_at,
            contested_since=contested_since,
            defer_until=defer_until,
            former_value_until=former_value_until,
            missing_since=missing_since,
            next_check_at=next_check_at,
            record_name=record_name,
            record_type=record_type,
            record_value=record_value,
            result=result,
        )

        domain_verification.additional_properties = d
        return domain_verification

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
