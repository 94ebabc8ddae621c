from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="ConfigurationStatus")


@_attrs_define
class ConfigurationStatus:
    """
    Attributes:
        head (None | str): The newest head of the pool `default`: epoch and version. Example: 1.42.
        head_issued_at (datetime.datetime | None):
        last_published_at (datetime.datetime | None):
        waiting (int): Edits that no head holds yet. Example: 0.
        waiting_since (datetime.datetime | None):
        workers_behind (int): Workers that are there and run an older head. Example: 0.
    """

    head: None | str
    head_issued_at: datetime.datetime | None
    last_published_at: datetime.datetime | None
    waiting: int
    waiting_since: datetime.datetime | None
    workers_behind: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        head: None | str
        head = self.head

        head_issued_at: None | str
        if isinstance(self.head_issued_at, datetime.datetime):
            head_issued_at = self.head_issued_at.isoformat()
        else:
            head_issued_at = self.head_issued_at

        last_published_at: None | str
        if isinstance(self.last_published_at, datetime.datetime):
            last_published_at = self.last_published_at.isoformat()
        else:
            last_published_at = self.last_published_at

        waiting = self.waiting

        waiting_since: None | str
        if isinstance(self.waiting_since, datetime.datetime):
            waiting_since = self.waiting_since.isoformat()
        else:
            waiting_since = self.waiting_since

        workers_behind = self.workers_behind

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "head": head,
                "head_issued_at": head_issued_at,
                "last_published_at": last_published_at,
                "waiting": waiting,
                "waiting_since": waiting_since,
                "workers_behind": workers_behind,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)

        def _parse_head(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        head = _parse_head(d.pop("head"))

        def _parse_head_issued_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                head_issued_at_type_0 = datetime.datetime.fromisoformat(data)

                return head_issued_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        head_issued_at = _parse_head_issued_at(d.pop("head_issued_at"))

        def _parse_last_published_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                last_published_at_type_0 = datetime.datetime.fromisoformat(data)

                return last_published_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        last_published_at = _parse_last_published_at(d.pop("last_published_at"))

        waiting = d.pop("waiting")

        def _parse_waiting_since(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                waiting_since_type_0 = datetime.datetime.fromisoformat(data)

                return waiting_since_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        waiting_since = _parse_waiting_since(d.pop("waiting_since"))

        workers_behind = d.pop("workers_behind")

        configuration_status = cls(
            head=head,
            head_issued_at=head_issued_at,
            last_published_at=last_published_at,
            waiting=waiting,
            waiting_since=waiting_since,
            workers_behind=workers_behind,
        )

        configuration_status.additional_properties = d
        return configuration_status

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
