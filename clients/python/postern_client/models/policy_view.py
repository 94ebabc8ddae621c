from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.known_bare_newline import KnownBareNewline
from ..models.known_trace_dialogue import KnownTraceDialogue
from ..types import UNSET, Unset

T = TypeVar("T", bound="PolicyView")


@_attrs_define
class PolicyView:
    """The settings of one level. What it does not set is null and comes from the level above, or from the built-in
    defaults.

        Attributes:
            bare_newline (KnownBareNewline | None | str | Unset):
            keep_subject (bool | None | Unset): Keep the Subject field in the trace, where it can be searched for. Off
                unless set: it is content. Example: False.
            max_line_octets (int | None | Unset): Longest line passed on, in octets without CRLF. Example: 65536.
            max_message_size_bytes (int | None | Unset): Largest message accepted, in bytes. Example: 52428800.
            reject_null_mx_sender (bool | None | Unset): Refuse mail whose sender's domain says that it takes no mail (RFC
                7505). Example: True.
            trace_dialogue (KnownTraceDialogue | None | str | Unset):
    """

    bare_newline: KnownBareNewline | None | str | Unset = UNSET
    keep_subject: bool | None | Unset = UNSET
    max_line_octets: int | None | Unset = UNSET
    max_message_size_bytes: int | None | Unset = UNSET
    reject_null_mx_sender: bool | None | Unset = UNSET
    trace_dialogue: KnownTraceDialogue | None | str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        bare_newline: None | str | Unset
        if isinstance(self.bare_newline, Unset):
            bare_newline = UNSET
        elif isinstance(self.bare_newline, KnownBareNewline):
            bare_newline = self.bare_newline.value
        else:
            bare_newline = self.bare_newline

        keep_subject: bool | None | Unset
        if isinstance(self.keep_subject, Unset):
            keep_subject = UNSET
        else:
            keep_subject = self.keep_subject

        max_line_octets: int | None | Unset
        if isinstance(self.max_line_octets, Unset):
            max_line_octets = UNSET
        else:
            max_line_octets = self.max_line_octets

        max_message_size_bytes: int | None | Unset
        if isinstance(self.max_message_size_bytes, Unset):
            max_message_size_bytes = UNSET
        else:
            max_message_size_bytes = self.max_message_size_bytes

        reject_null_mx_sender: bool | None | Unset
        if isinstance(self.reject_null_mx_sender, Unset):
            reject_null_mx_sender = UNSET
        else:
            reject_null_mx_sender = self.reject_null_mx_sender

        trace_dialogue: None | str | Unset
        if isinstance(self.trace_dialogue, Unset):
            trace_dialogue = UNSET
        elif isinstance(self.trace_dialogue, KnownTraceDialogue):
            trace_dialogue = self.trace_dialogue.value
        else:
            trace_dialogue = self.trace_dialogue

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if bare_newline is not UNSET:
            field_dict["bare_newline"] = bare_newline
        if keep_subject is not UNSET:
            field_dict["keep_subject"] = keep_subject
        if max_line_octets is not UNSET:
            field_dict["max_line_octets"] = max_line_octets
        if max_message_size_bytes is not UNSET:
            field_dict["max_message_size_bytes"] = max_message_size_bytes
        if reject_null_mx_sender is not UNSET:
            field_dict["reject_null_mx_sender"] = reject_null_mx_sender
        if trace_dialogue is not UNSET:
            field_dict["trace_dialogue"] = trace_dialogue

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)

        def _parse_bare_newline(data: object) -> KnownBareNewline | None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                componentsschemas_bare_newline_type_0 = KnownBareNewline(data)

                return componentsschemas_bare_newline_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(KnownBareNewline | None | str | Unset, data)

        bare_newline = _parse_bare_newline(d.pop("bare_newline", UNSET))

        def _parse_keep_subject(data: object) -> bool | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(bool | None | Unset, data)

        keep_subject = _parse_keep_subject(d.pop("keep_subject", UNSET))

        def _parse_max_line_octets(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        max_line_octets = _parse_max_line_octets(d.pop("max_line_octets", UNSET))

        def _parse_max_message_size_bytes(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        max_message_size_bytes = _parse_max_message_size_bytes(d.pop("max_message_size_bytes", UNSET))

        def _parse_reject_null_mx_sender(data: object) -> bool | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(bool | None | Unset, data)

        reject_null_mx_sender = _parse_reject_null_mx_sender(d.pop("reject_null_mx_sender", UNSET))

        def _parse_trace_dialogue(data: object) -> KnownTraceDialogue | None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                componentsschemas_trace_dialogue_type_0 = KnownTraceDialogue(data)

                return componentsschemas_trace_dialogue_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(KnownTraceDialogue | None | str | Unset, data)

        trace_dialogue = _parse_trace_dialogue(d.pop("trace_dialogue", UNSET))

        policy_view = cls(
            bare_newline=bare_newline,
            keep_subject=keep_subject,
            max_line_octets=max_line_octets,
            max_message_size_bytes=max_message_size_bytes,
            reject_null_mx_sender=reject_null_mx_sender,
            trace_dialogue=trace_dialogue,
        )

        policy_view.additional_properties = d
        return policy_view

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
