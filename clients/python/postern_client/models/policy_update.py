from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.known_bare_newline import KnownBareNewline
from ..models.known_trace_dialogue import KnownTraceDialogue
from ..types import UNSET, Unset

T = TypeVar("T", bound="PolicyUpdate")


@_attrs_define
class PolicyUpdate:
    """A merge patch: what is left out stays, null inherits again.

    Example:
        {'max_message_size_bytes': 26214400}

    Attributes:
        bare_newline (KnownBareNewline | None | str | Unset):
        keep_subject (bool | None | Unset):
        max_line_octets (int | None | Unset):
        max_message_size_bytes (int | None | Unset):
        reject_null_mx_sender (bool | None | Unset):
        trace_dialogue (KnownTraceDialogue | None | str | Unset):
    """

    bare_newline: KnownBareNewline | None | str | Unset = UNSET
    keep_subject: bool | None | Unset = UNSET
    max_line_octets: int | None | Unset = UNSET
    max_message_size_bytes: int | None | Unset = UNSET
    reject_null_mx_sender: bool | None | Unset = UNSET
    trace_dialogue: KnownTraceDialogue | None | str | Unset = UNSET

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

        policy_update = cls(
            bare_newline=bare_newline,
            keep_subject=keep_subject,
            max_line_octets=max_line_octets,
            max_message_size_bytes=max_message_size_bytes,
            reject_null_mx_sender=reject_null_mx_sender,
            trace_dialogue=trace_dialogue,
        )

        return policy_update
