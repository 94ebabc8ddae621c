from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.effective_bare_newline import EffectiveBareNewline
    from ..models.effective_bool import EffectiveBool
    from ..models.effective_inbound_tls import EffectiveInboundTls
    from ..models.effective_tls_version import EffectiveTlsVersion
    from ..models.effective_trace_dialogue import EffectiveTraceDialogue
    from ..models.effective_u32 import EffectiveU32
    from ..models.effective_u64 import EffectiveU64


T = TypeVar("T", bound="EffectivePolicy")


@_attrs_define
class EffectivePolicy:
    """What holds: every value, and the level that it comes from.

    Attributes:
        bare_newline (EffectiveBareNewline): A value that holds.
        inbound_tls (EffectiveInboundTls): A value that holds.
        inbound_tls_min_version (EffectiveTlsVersion): A value that holds.
        keep_subject (EffectiveBool): A value that holds.
        max_client_connections (EffectiveU32): A value that holds.
        max_client_messages_per_minute (EffectiveU32): A value that holds.
        max_client_messages_per_minute_to_tenant (EffectiveU32): A value that holds.
        max_line_octets (EffectiveU32): A value that holds.
        max_message_size_bytes (EffectiveU64): A value that holds.
        max_recipients (EffectiveU32): A value that holds.
        reject_null_mx_sender (EffectiveBool): A value that holds.
        trace_dialogue (EffectiveTraceDialogue): A value that holds.
    """

    bare_newline: EffectiveBareNewline
    inbound_tls: EffectiveInboundTls
    inbound_tls_min_version: EffectiveTlsVersion
    keep_subject: EffectiveBool
    max_client_connections: EffectiveU32
    max_client_messages_per_minute: EffectiveU32
    max_client_messages_per_minute_to_tenant: EffectiveU32
    max_line_octets: EffectiveU32
    max_message_size_bytes: EffectiveU64
    max_recipients: EffectiveU32
    reject_null_mx_sender: EffectiveBool
    trace_dialogue: EffectiveTraceDialogue
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        bare_newline = self.bare_newline.to_dict()

        inbound_tls = self.inbound_tls.to_dict()

        inbound_tls_min_version = self.inbound_tls_min_version.to_dict()

        keep_subject = self.keep_subject.to_dict()

        max_client_connections = self.max_client_connections.to_dict()

        max_client_messages_per_minute = self.max_client_messages_per_minute.to_dict()

        max_client_messages_per_minute_to_tenant = self.max_client_messages_per_minute_to_tenant.to_dict()

        max_line_octets = self.max_line_octets.to_dict()

        max_message_size_bytes = self.max_message_size_bytes.to_dict()

        max_recipients = self.max_recipients.to_dict()

        reject_null_mx_sender = self.reject_null_mx_sender.to_dict()

        trace_dialogue = self.trace_dialogue.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "bare_newline": bare_newline,
                "inbound_tls": inbound_tls,
                "inbound_tls_min_version": inbound_tls_min_version,
                "keep_subject": keep_subject,
                "max_client_connections": max_client_connections,
                "max_client_messages_per_minute": max_client_messages_per_minute,
                "max_client_messages_per_minute_to_tenant": max_client_messages_per_minute_to_tenant,
                "max_line_octets": max_line_octets,
                "max_message_size_bytes": max_message_size_bytes,
                "max_recipients": max_recipients,
                "reject_null_mx_sender": reject_null_mx_sender,
                "trace_dialogue": trace_dialogue,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.effective_bare_newline import EffectiveBareNewline  # noqa: PLC0415
        from ..models.effective_bool import EffectiveBool  # noqa: PLC0415
        from ..models.effective_inbound_tls import EffectiveInboundTls  # noqa: PLC0415
        from ..models.effective_tls_version import EffectiveTlsVersion  # noqa: PLC0415
        from ..models.effective_trace_dialogue import EffectiveTraceDialogue  # noqa: PLC0415
        from ..models.effective_u32 import EffectiveU32  # noqa: PLC0415
        from ..models.effective_u64 import EffectiveU64  # noqa: PLC0415

        d = dict(src_dict)
        bare_newline = EffectiveBareNewline.from_dict(d.pop("bare_newline"))

        inbound_tls = EffectiveInboundTls.from_dict(d.pop("inbound_tls"))

        inbound_tls_min_version = EffectiveTlsVersion.from_dict(d.pop("inbound_tls_min_version"))

        keep_subject = EffectiveBool.from_dict(d.pop("keep_subject"))

        max_client_connections = EffectiveU32.from_dict(d.pop("max_client_connections"))

        max_client_messages_per_minute = EffectiveU32.from_dict(d.pop("max_client_messages_per_minute"))

        max_client_messages_per_minute_to_tenant = EffectiveU32.from_dict(
            d.pop("max_client_messages_per_minute_to_tenant")
        )

        max_line_octets = EffectiveU32.from_dict(d.pop("max_line_octets"))

        max_message_size_bytes = EffectiveU64.from_dict(d.pop("max_message_size_bytes"))

        max_recipients = EffectiveU32.from_dict(d.pop("max_recipients"))

        reject_null_mx_sender = EffectiveBool.from_dict(d.pop("reject_null_mx_sender"))

        trace_dialogue = EffectiveTraceDialogue.from_dict(d.pop("trace_dialogue"))

        effective_policy = cls(
            bare_newline=bare_newline,
            inbound_tls=inbound_tls,
            inbound_tls_min_version=inbound_tls_min_version,
            keep_subject=keep_subject,
            max_client_connections=max_client_connections,
            max_client_messages_per_minute=max_client_messages_per_minute,
            max_client_messages_per_minute_to_tenant=max_client_messages_per_minute_to_tenant,
            max_line_octets=max_line_octets,
            max_message_size_bytes=max_message_size_bytes,
            max_recipients=max_recipients,
            reject_null_mx_sender=reject_null_mx_sender,
            trace_dialogue=trace_dialogue,
        )

        effective_policy.additional_properties = d
        return effective_policy

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
