from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.known_bare_newline import KnownBareNewline
from ..models.known_inbound_tls import KnownInboundTls
from ..models.known_setting import KnownSetting
from ..models.known_tls_version import KnownTlsVersion
from ..models.known_trace_dialogue import KnownTraceDialogue
from ..types import UNSET, Unset

T = TypeVar("T", bound="PolicyUpdate")


@_attrs_define
class PolicyUpdate:
    """A merge patch: what is left out stays, null inherits again.

    Example:
        {'inbound_tls': 'required', 'locked': ['inbound_tls'], 'max_line_octets': None, 'max_message_size_bytes':
            26214400}

    Attributes:
        bare_newline (KnownBareNewline | None | str | Unset):
        inbound_tls (KnownInboundTls | None | str | Unset):
        inbound_tls_min_version (KnownTlsVersion | None | str | Unset):
        keep_subject (bool | None | Unset): Keep the Subject field in the trace, where it can be searched for. Off
            unless set: it is content.
        locked (list[KnownSetting | str] | None | Unset): All settings that no level below may change, in place of those
            that were locked. null: none.
        max_client_connections (int | None | Unset): Sessions at once of one client network (/24 or /64) that bring mail
            for a domain, at all workers of the pool
            together; the next is told 451 at RCPT. The installation's own value holds for all its sessions together, at
            the connection. 0: no limit.
        max_client_messages_per_minute (int | None | Unset): Messages that one client network (/24 or /64) may bring for
            a domain in a minute, to all workers of the pool
            together; beyond it 451. 0: no limit.
        max_client_messages_per_minute_to_tenant (int | None | Unset): The same for all domains of a tenant together.
        max_line_octets (int | None | Unset): Longest line passed on, in octets without CRLF; longer ones are refused
            with 5.6.0.
        max_message_size_bytes (int | None | Unset): Largest message accepted, in bytes. What holds for the installation
            is announced as SIZE (RFC 1870), and no
            tenant or domain may have more.
        max_recipients (int | None | Unset): Recipients in one transaction. RFC 5321 §4.5.3.1.8 asks for 100 at least; a
            worker has a limit of its own. What
            holds for the installation is announced (RFC 9422), and no tenant or domain may have more.
        reject_null_mx_sender (bool | None | Unset): Refuse mail whose sender's domain says by null MX that it takes no
            mail (RFC 7505 §4.2).
        trace_dialogue (KnownTraceDialogue | None | str | Unset):
    """

    bare_newline: KnownBareNewline | None | str | Unset = UNSET
    inbound_tls: KnownInboundTls | None | str | Unset = UNSET
    inbound_tls_min_version: KnownTlsVersion | None | str | Unset = UNSET
    keep_subject: bool | None | Unset = UNSET
    locked: list[KnownSetting | str] | None | Unset = UNSET
    max_client_connections: int | None | Unset = UNSET
    max_client_messages_per_minute: int | None | Unset = UNSET
    max_client_messages_per_minute_to_tenant: int | None | Unset = UNSET
    max_line_octets: int | None | Unset = UNSET
    max_message_size_bytes: int | None | Unset = UNSET
    max_recipients: int | None | Unset = UNSET
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

        inbound_tls: None | str | Unset
        if isinstance(self.inbound_tls, Unset):
            inbound_tls = UNSET
        elif isinstance(self.inbound_tls, KnownInboundTls):
            inbound_tls = self.inbound_tls.value
        else:
            inbound_tls = self.inbound_tls

        inbound_tls_min_version: None | str | Unset
        if isinstance(self.inbound_tls_min_version, Unset):
            inbound_tls_min_version = UNSET
        elif isinstance(self.inbound_tls_min_version, KnownTlsVersion):
            inbound_tls_min_version = self.inbound_tls_min_version.value
        else:
            inbound_tls_min_version = self.inbound_tls_min_version

        keep_subject: bool | None | Unset
        if isinstance(self.keep_subject, Unset):
            keep_subject = UNSET
        else:
            keep_subject = self.keep_subject

        locked: list[str] | None | Unset
        if isinstance(self.locked, Unset):
            locked = UNSET
        elif isinstance(self.locked, list):
            locked = []
            for locked_type_0_item_data in self.locked:
                locked_type_0_item: str
                if isinstance(locked_type_0_item_data, KnownSetting):
                    locked_type_0_item = locked_type_0_item_data.value
                else:
                    locked_type_0_item = locked_type_0_item_data
                locked.append(locked_type_0_item)

        else:
            locked = self.locked

        max_client_connections: int | None | Unset
        if isinstance(self.max_client_connections, Unset):
            max_client_connections = UNSET
        else:
            max_client_connections = self.max_client_connections

        max_client_messages_per_minute: int | None | Unset
        if isinstance(self.max_client_messages_per_minute, Unset):
            max_client_messages_per_minute = UNSET
        else:
            max_client_messages_per_minute = self.max_client_messages_per_minute

        max_client_messages_per_minute_to_tenant: int | None | Unset
        if isinstance(self.max_client_messages_per_minute_to_tenant, Unset):
            max_client_messages_per_minute_to_tenant = UNSET
        else:
            max_client_messages_per_minute_to_tenant = self.max_client_messages_per_minute_to_tenant

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

        max_recipients: int | None | Unset
        if isinstance(self.max_recipients, Unset):
            max_recipients = UNSET
        else:
            max_recipients = self.max_recipients

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
        if inbound_tls is not UNSET:
            field_dict["inbound_tls"] = inbound_tls
        if inbound_tls_min_version is not UNSET:
            field_dict["inbound_tls_min_version"] = inbound_tls_min_version
        if keep_subject is not UNSET:
            field_dict["keep_subject"] = keep_subject
        if locked is not UNSET:
            field_dict["locked"] = locked
        if max_client_connections is not UNSET:
            field_dict["max_client_connections"] = max_client_connections
        if max_client_messages_per_minute is not UNSET:
            field_dict["max_client_messages_per_minute"] = max_client_messages_per_minute
        if max_client_messages_per_minute_to_tenant is not UNSET:
            field_dict["max_client_messages_per_minute_to_tenant"] = max_client_messages_per_minute_to_tenant
        if max_line_octets is not UNSET:
            field_dict["max_line_octets"] = max_line_octets
        if max_message_size_bytes is not UNSET:
            field_dict["max_message_size_bytes"] = max_message_size_bytes
        if max_recipients is not UNSET:
            field_dict["max_recipients"] = max_recipients
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

        def _parse_inbound_tls(data: object) -> KnownInboundTls | None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                componentsschemas_inbound_tls_type_0 = KnownInboundTls(data)

                return componentsschemas_inbound_tls_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(KnownInboundTls | None | str | Unset, data)

        inbound_tls = _parse_inbound_tls(d.pop("inbound_tls", UNSET))

        def _parse_inbound_tls_min_version(data: object) -> KnownTlsVersion | None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                componentsschemas_tls_version_type_0 = KnownTlsVersion(data)

                return componentsschemas_tls_version_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(KnownTlsVersion | None | str | Unset, data)

        inbound_tls_min_version = _parse_inbound_tls_min_version(d.pop("inbound_tls_min_version", UNSET))

        def _parse_keep_subject(data: object) -> bool | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(bool | None | Unset, data)

        keep_subject = _parse_keep_subject(d.pop("keep_subject", UNSET))

        def _parse_locked(data: object) -> list[KnownSetting | str] | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                locked_type_0 = []
                _locked_type_0 = data
                for locked_type_0_item_data in _locked_type_0:

                    def _parse_locked_type_0_item(data: object) -> KnownSetting | str:
                        try:
                            if not isinstance(data, str):
                                raise TypeError()
                            componentsschemas_setting_type_0 = KnownSetting(data)

                            return componentsschemas_setting_type_0
                        except (TypeError, ValueError, AttributeError, KeyError):
                            pass
                        return cast(KnownSetting | str, data)

                    locked_type_0_item = _parse_locked_type_0_item(locked_type_0_item_data)

                    locked_type_0.append(locked_type_0_item)

                return locked_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[KnownSetting | str] | None | Unset, data)

        locked = _parse_locked(d.pop("locked", UNSET))

        def _parse_max_client_connections(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        max_client_connections = _parse_max_client_connections(d.pop("max_client_connections", UNSET))

        def _parse_max_client_messages_per_minute(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        max_client_messages_per_minute = _parse_max_client_messages_per_minute(
            d.pop("max_client_messages_per_minute", UNSET)
        )

        def _parse_max_client_messages_per_minute_to_tenant(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        max_client_messages_per_minute_to_tenant = _parse_max_client_messages_per_minute_to_tenant(
            d.pop("max_client_messages_per_minute_to_tenant", UNSET)
        )

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

        def _parse_max_recipients(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        max_recipients = _parse_max_recipients(d.pop("max_recipients", UNSET))

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
        )

        return policy_update
