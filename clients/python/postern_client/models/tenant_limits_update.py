from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="TenantLimitsUpdate")


@_attrs_define
class TenantLimitsUpdate:
    """How much a tenant may have. What is left out or null has no limit here; those of the tenants above hold as well.

    Example:
        {'max_domains': 50, 'max_messages_per_hour': 10000, 'max_recipients': 20000}

    Attributes:
        max_domains (int | None | Unset): Domains of the tenant and of all below it, in whatever state.
        max_message_size_bytes (int | None | Unset): The largest message for any of these domains, whatever policy says;
            beyond it 552.
        max_messages_per_hour (int | None | Unset): Messages that all these domains may be brought in any hour, at the
            workers of each pool; beyond it 451. A worker takes
            its share by the number of live workers of the pool, one at least.
        max_recipients (int | None | Unset): Recipients of all these domains.
    """

    max_domains: int | None | Unset = UNSET
    max_message_size_bytes: int | None | Unset = UNSET
    max_messages_per_hour: int | None | Unset = UNSET
    max_recipients: int | None | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        max_domains: int | None | Unset
        if isinstance(self.max_domains, Unset):
            max_domains = UNSET
        else:
            max_domains = self.max_domains

        max_message_size_bytes: int | None | Unset
        if isinstance(self.max_message_size_bytes, Unset):
            max_message_size_bytes = UNSET
        else:
            max_message_size_bytes = self.max_message_size_bytes

        max_messages_per_hour: int | None | Unset
        if isinstance(self.max_messages_per_hour, Unset):
            max_messages_per_hour = UNSET
        else:
            max_messages_per_hour = self.max_messages_per_hour

        max_recipients: int | None | Unset
        if isinstance(self.max_recipients, Unset):
            max_recipients = UNSET
        else:
            max_recipients = self.max_recipients

        field_dict: dict[str, Any] = {}

        field_dict.update({})
        if max_domains is not UNSET:
            field_dict["max_domains"] = max_domains
        if max_message_size_bytes is not UNSET:
            field_dict["max_message_size_bytes"] = max_message_size_bytes
        if max_messages_per_hour is not UNSET:
            field_dict["max_messages_per_hour"] = max_messages_per_hour
        if max_recipients is not UNSET:
            field_dict["max_recipients"] = max_recipients

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)

        def _parse_max_domains(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        max_domains = _parse_max_domains(d.pop("max_domains", UNSET))

        def _parse_max_message_size_bytes(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        max_message_size_bytes = _parse_max_message_size_bytes(d.pop("max_message_size_bytes", UNSET))

        def _parse_max_messages_per_hour(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        max_messages_per_hour = _parse_max_messages_per_hour(d.pop("max_messages_per_hour", UNSET))

        def _parse_max_recipients(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        max_recipients = _parse_max_recipients(d.pop("max_recipients", UNSET))

        tenant_limits_update = cls(
            max_domains=max_domains,
            max_message_size_bytes=max_message_size_bytes,
            max_messages_per_hour=max_messages_per_hour,
            max_recipients=max_recipients,
        )

        return tenant_limits_update
