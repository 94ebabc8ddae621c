from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="Timings")


@_attrs_define
class Timings:
    """Microseconds.

    Attributes:
        envelope_us (int): From MAIL to the last RCPT's answer.
        hop_connect_us (int): Until a connection to the next hop stood; 0 for a reused one.
        hop_us (int): From the first octet to the next hop until its final answer.
        receive_us (int): From 354 to the last octet.
        total_us (int):
    """

    envelope_us: int
    hop_connect_us: int
    hop_us: int
    receive_us: int
    total_us: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        envelope_us = self.envelope_us

        hop_connect_us = self.hop_connect_us

        hop_us = self.hop_us

        receive_us = self.receive_us

        total_us = self.total_us

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "envelope_us": envelope_us,
                "hop_connect_us": hop_connect_us,
                "hop_us": hop_us,
                "receive_us": receive_us,
                "total_us": total_us,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        envelope_us = d.pop("envelope_us")

        hop_connect_us = d.pop("hop_connect_us")

        hop_us = d.pop("hop_us")

        receive_us = d.pop("receive_us")

        total_us = d.pop("total_us")

        timings = cls(
            envelope_us=envelope_us,
            hop_connect_us=hop_connect_us,
            hop_us=hop_us,
            receive_us=receive_us,
            total_us=total_us,
        )

        timings.additional_properties = d
        return timings

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
