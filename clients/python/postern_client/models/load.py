from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="Load")


@_attrs_define
class Load:
    """What a worker holds now, against what it may hold.

    Attributes:
        event_bytes (int): Octets of events that the control plane has not taken yet.
        max_event_bytes (int): The most of them (`events.buffer_bytes`); beyond that the trace has a gap.
        max_message_bytes (int): The most of them (`delivery.budget_bytes`).
        max_sessions (int): SMTP sessions it takes at most.
        message_bytes (int): Octets of messages in memory and in scratch files.
    """

    event_bytes: int
    max_event_bytes: int
    max_message_bytes: int
    max_sessions: int
    message_bytes: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        event_bytes = self.event_bytes

        max_event_bytes = self.max_event_bytes

        max_message_bytes = self.max_message_bytes

        max_sessions = self.max_sessions

        message_bytes = self.message_bytes

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "event_bytes": event_bytes,
                "max_event_bytes": max_event_bytes,
                "max_message_bytes": max_message_bytes,
                "max_sessions": max_sessions,
                "message_bytes": message_bytes,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        event_bytes = d.pop("event_bytes")

        max_event_bytes = d.pop("max_event_bytes")

        max_message_bytes = d.pop("max_message_bytes")

        max_sessions = d.pop("max_sessions")

        message_bytes = d.pop("message_bytes")

        load = cls(
            event_bytes=event_bytes,
            max_event_bytes=max_event_bytes,
            max_message_bytes=max_message_bytes,
            max_sessions=max_sessions,
            message_bytes=message_bytes,
        )

        load.additional_properties = d
        return load

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
