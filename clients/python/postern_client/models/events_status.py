from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="EventsStatus")


@_attrs_define
class EventsStatus:
    """What happened, on its way to the trace. Gaps and rejected events are those of the last 24 hours.

    Attributes:
        fullest_buffer (float): How full the fullest worker's buffer is, 0 to 1. Example: 0.01.
        gaps (int):
        missing (int): Transactions that the gaps count.
        rejected (int):
        waiting_bytes (int): Octets that wait in workers. Example: 2048.
    """

    fullest_buffer: float
    gaps: int
    missing: int
    rejected: int
    waiting_bytes: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        fullest_buffer = self.fullest_buffer

        gaps = self.gaps

        missing = self.missing

        rejected = self.rejected

        waiting_bytes = self.waiting_bytes

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "fullest_buffer": fullest_buffer,
                "gaps": gaps,
                "missing": missing,
                "rejected": rejected,
                "waiting_bytes": waiting_bytes,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        fullest_buffer = d.pop("fullest_buffer")

        gaps = d.pop("gaps")

        missing = d.pop("missing")

        rejected = d.pop("rejected")

        waiting_bytes = d.pop("waiting_bytes")

        events_status = cls(
            fullest_buffer=fullest_buffer,
            gaps=gaps,
            missing=missing,
            rejected=rejected,
            waiting_bytes=waiting_bytes,
        )

        events_status.additional_properties = d
        return events_status

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
