from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.known_bare_newline import KnownBareNewline
from ..models.known_inbound_tls import KnownInboundTls
from ..models.known_setting import KnownSetting
from ..models.known_tls_version import KnownTlsVersion
from ..models.known_trace_dialogue import KnownTraceDialogue
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.effective_policy import EffectivePolicy


T = TypeVar("T", bound="PolicyView")


@_attrs_define
class PolicyView:
    """What one level sets. What it does not set is null and comes from the level above, or is built in.

    Attributes:
        bare_newline (KnownBareNewline | None | str):
        inbound_tls (KnownInboundTls | None | str):
        inbound_tls_min_version (KnownTlsVersion | None | str):
        keep_subject (bool | None): Keep the Subject field in the trace, where it can be searched for. Off unless set:
            it is content. Example: False.
        locked (list[KnownSetting | str]): Settings that no level below changes. What was set there before does not hold
            while they are locked. Example: ['inbound_tls'].
        max_client_connections (int | None): Sessions at once of one client network (/24 or /64) that bring mail for a
            domain, at all workers of the pool
            together; the next is told 451 at RCPT. The installation's own value holds for all its sessions together, at
            the connection. 0: no limit. Example: 50.
        max_client_messages_per_minute (int | None): Messages that one client network (/24 or /64) may bring for a
            domain in a minute, to all workers of the pool
            together; beyond it 451. 0: no limit. Example: 600.
        max_client_messages_per_minute_to_tenant (int | None): The same for all domains of a tenant together. Example:
            1000.
        max_line_octets (int | None): Longest line passed on, in octets without CRLF; longer ones are refused with
            5.6.0. Example: 65536.
        max_message_size_bytes (int | None): Largest message accepted, in bytes. What holds for the installation is
            announced as SIZE (RFC 1870), and no
            tenant or domain may have more. Example: 26214400.
        max_recipients (int | None): Recipients in one transaction. RFC 5321 §4.5.3.1.8 asks for 100 at least; a worker
            has a limit of its own. What
            holds for the installation is announced (RFC 9422), and no tenant or domain may have more. Example: 200.
        reject_null_mx_sender (bool | None): Refuse mail whose sender's domain says by null MX that it takes no mail
            (RFC 7505 §4.2). Example: True.
        trace_dialogue (KnownTraceDialogue | None | str):
        alias_of (None | str | Unset):
        effective (EffectivePolicy | None | Unset):
    """

    bare_newline: KnownBareNewline | None | str
    inbound_tls: KnownInboundTls | None | str
    inbound_tls_min_version: KnownTlsVersion | None | str
    keep_subject: bool | None
    locked: list[KnownSetting | str]
    max_client_connections: int | None
    max_client_messages_per_minute: int | None
    max_client_messages_per_minute_to_tenant: int | None
    max_line_octets: int | None
    max_message_size_bytes: int | None
    max_recipients: int | None
    reject_null_mx_sender: bool | None
    trace_dialogue: KnownTraceDialogue | None | str
    alias_of: None | str | Unset = UNSET
    effective: EffectivePolicy | None | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.effective_policy import EffectivePolicy  # noqa: PLC0415

        bare_newline: None | str
        if isinstance(self.bare_newline, KnownBareNewline):
            bare_newline = self.bare_newline.value
        else:
            bare_newline = self.bare_newline

        inbound_tls: None | str
        if isinstance(self.inbound_tls, KnownInboundTls):
            inbound_tls = self.inbound_tls.value
        else:
            inbound_tls = self.inbound_tls

        inbound_tls_min_version: None | str
        if isinstance(self.inbound_tls_min_version, KnownTlsVersion):
            inbound_tls_min_version = self.inbound_tls_min_version.value
        else:
            inbound_tls_min_version = self.inbound_tls_min_version

        keep_subject: bool | None
        keep_subject = self.keep_subject

        locked = []
        for locked_item_data in self.locked:
            locked_item: str
            if isinstance(locked_item_data, KnownSetting):
                locked_item = locked_item_data.value
            else:
                locked_item = locked_item_data
            locked.append(locked_item)

        max_client_connections: int | None
        max_client_connections = self.max_client_connections

        max_client_messages_per_minute: int | None
        max_client_messages_per_minute = self.max_client_messages_per_minute

        max_client_messages_per_minute_to_tenant: int | None
        max_client_messages_per_minute_to_tenant = self.max_client_messages_per_minute_to_tenant

        max_line_octets: int | None
        max_line_octets = self.max_line_octets

        max_message_size_bytes: int | None
        max_message_size_bytes = self.max_message_size_bytes

        max_recipients: int | None
        max_recipients = self.max_recipients

        reject_null_mx_sender: bool | None
        reject_null_mx_sender = self.reject_null_mx_sender

        trace_dialogue: None | str
        if isinstance(self.trace_dialogue, KnownTraceDialogue):
            trace_dialogue = self.trace_dialogue.value
        else:
            trace_dialogue = self.trace_dialogue

        alias_of: None | str | Unset
        if isinstance(self.alias_of, Unset):
            alias_of = UNSET
        else:
            alias_of = self.alias_of

        effective: dict[str, Any] | None | Unset
        if isinstance(self.effective, Unset):
            effective = UNSET
        elif isinstance(self.effective, EffectivePolicy):
            effective = self.effective.to_dict()
        else:
            effective = self.effective

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "bare_newline": bare_newline,
                "inbound_tls": inbound_tls,
                "inbound_tls_min_version": inbound_tls_min_version,
                "keep_subject": keep_subject,
                "locked": locked,
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
        if alias_of is not UNSET:
            field_dict["alias_of"] = alias_of
        if effective is not UNSET:
            field_dict["effective"] = effective

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.effective_policy import EffectivePolicy  # noqa: PLC0415

        d = dict(src_dict)

        def _parse_bare_newline(data: object) -> KnownBareNewline | None | str:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                componentsschemas_bare_newline_type_0 = KnownBareNewline(data)

                return componentsschemas_bare_newline_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(KnownBareNewline | None | str, data)

        bare_newline = _parse_bare_newline(d.pop("bare_newline"))

        def _parse_inbound_tls(data: object) -> KnownInboundTls | None | str:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                componentsschemas_inbound_tls_type_0 = KnownInboundTls(data)

                return componentsschemas_inbound_tls_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(KnownInboundTls | None | str, data)

        inbound_tls = _parse_inbound_tls(d.pop("inbound_tls"))

        def _parse_inbound_tls_min_version(data: object) -> KnownTlsVersion | None | str:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                componentsschemas_tls_version_type_0 = KnownTlsVersion(data)

                return componentsschemas_tls_version_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(KnownTlsVersion | None | str, data)

        inbound_tls_min_version = _parse_inbound_tls_min_version(d.pop("inbound_tls_min_version"))

        def _parse_keep_subject(data: object) -> bool | None:
            if data is None:
                return data
            return cast(bool | None, data)

        keep_subject = _parse_keep_subject(d.pop("keep_subject"))

        locked = []
        _locked = d.pop("locked")
        for locked_item_data in _locked:

            def _parse_locked_item(data: object) -> KnownSetting | str:
                try:
                    if not isinstance(data, str):
                        raise TypeError()
                    componentsschemas_setting_type_0 = KnownSetting(data)

                    return componentsschemas_setting_type_0
                except (TypeError, ValueError, AttributeError, KeyError):
                    pass
                return cast(KnownSetting | str, data)

            locked_item = _parse_locked_item(locked_item_data)

            locked.append(locked_item)

        def _parse_max_client_connections(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        max_client_connections = _parse_max_client_connections(d.pop("max_client_connections"))

        def _parse_max_client_messages_per_minute(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        max_client_messages_per_minute = _parse_max_client_messages_per_minute(d.pop("max_client_messages_per_minute"))

        def _parse_max_client_messages_per_minute_to_tenant(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        max_client_messages_per_minute_to_tenant = _parse_max_client_messages_per_minute_to_tenant(
            d.pop("max_client_messages_per_minute_to_tenant")
        )

        def _parse_max_line_octets(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        max_line_octets = _parse_max_line_octets(d.pop("max_line_octets"))

        def _parse_max_message_size_bytes(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        max_message_size_bytes = _parse_max_message_size_bytes(d.pop("max_message_size_bytes"))

        def _parse_max_recipients(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        max_recipients = _parse_max_recipients(d.pop("max_recipients"))

        def _parse_reject_null_mx_sender(data: object) -> bool | None:
            if data is None:
                return data
            return cast(bool | None, data)

        reject_null_mx_sender = _parse_reject_null_mx_sender(d.pop("reject_null_mx_sender"))

        def _parse_trace_dialogue(data: object) -> KnownTraceDialogue | None | str:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                componentsschemas_trace_dialogue_type_0 = KnownTraceDialogue(data)

                return componentsschemas_trace_dialogue_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(KnownTraceDialogue | None | str, data)

        trace_dialogue = _parse_trace_dialogue(d.pop("trace_dialogue"))

        def _parse_alias_of(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        alias_of = _parse_alias_of(d.pop("alias_of", UNSET))

        def _parse_effective(data: object) -> EffectivePolicy | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                effective_type_0 = EffectivePolicy.from_dict(data)

                return effective_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(EffectivePolicy | None | Unset, data)

        effective = _parse_effective(d.pop("effective", UNSET))

        policy_view = cls(
            bare_newline=bare_newline,
            inbound_tls=inbound_tls,
            inbound_tls_min_version=inbound_tls_min_version,
            keep_subject=keep_subject,
            locked=locked,
            max_client_connections=max_client_connections,
            max_client_messages_per_minute=max_client_messages_per_minute,
            max_client_messages_per_minute_to_tenant=max_client_messages_per_minute_to_tenant,
            max_line_octets=max_line_octets,
            max_message_size_bytes=max_message_size_bytes,
            max_recipients=max_recipients,
            reject_null_mx_sender=reject_null_mx_sender,
            trace_dialogue=trace_dialogue,
            alias_of=alias_of,
            effective=effective,
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
