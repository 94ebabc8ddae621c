from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="StatisticsStep")


@_attrs_define
class StatisticsStep:
    """
    Attributes:
        accepted (int): The next hop has the message. Example: 1289.
        bytes_ (int): Octets of the accepted messages, as received. Example: 84120311.
        deferred (int): 4xx: the sender keeps it and tries again. Example: 12.
        refused (int): 5xx: the sender must not try again. Example: 310.
        start (datetime.datetime):
    """

    accepted: int
    bytes_: int
    deferred: int
    refused: int
    start: datetime.datetime
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        accepted = self.accepted

        bytes_ = self.bytes_

        deferred = self.deferred

        refused = self.refused

        start = self.start.isoformat()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "accepted": accepted,
                "bytes": bytes_,
                "deferred": deferred,
                "refused": refused,
                "start": start,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        accepted = d.pop("accepted")

        bytes_ = d.pop("bytes")

        deferred = d.pop("deferred")

        refused = d.pop("refused")

        start = datetime.datetime.fromisoformat(d.pop("start"))

        statistics_step = cls(
            accepted=accepted,
            bytes_=bytes_,
            deferred=deferred,
            refused=refused,
            start=start,
        )

        statistics_step.additional_properties = d
        return statistics_step

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
