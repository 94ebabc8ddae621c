from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.known_speaker import KnownSpeaker

T = TypeVar("T", bound="Line")


@_attrs_define
class Line:
    """A line of the SMTP dialogue.

    Attributes:
        at_us (int): Microseconds since the transaction began.
        from_ (KnownSpeaker | str): More may come.
        text (str): Printable; other octets are escaped.
    """

    at_us: int
    from_: KnownSpeaker | str
    text: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        at_us = self.at_us

        from_: str
        if isinstance(self.from_, KnownSpeaker):
            from_ = self.from_.value
        else:
            from_ = self.from_

        text = self.text

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "at_us": at_us,
                "from": from_,
                "text": text,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        at_us = d.pop("at_us")

        def _parse_from_(data: object) -> KnownSpeaker | str:
            try:
                if not isinstance(data, str):
                    raise TypeError()
                componentsschemas_speaker_type_0 = KnownSpeaker(data)

                return componentsschemas_speaker_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(KnownSpeaker | str, data)

        from_ = _parse_from_(d.pop("from"))

        text = d.pop("text")

        line = cls(
            at_us=at_us,
            from_=from_,
            text=text,
        )

        line.additional_properties = d
        return line

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
