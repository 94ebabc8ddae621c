from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="TenantLimits")


@_attrs_define
class TenantLimits:
    """How much a tenant may have, and has.

    Attributes:
        domains (int): With all below it. Example: 12.
        max_domains (int | None): Null: no limit here. Example: 50.
        max_message_size_bytes (int | None): Null: no limit here. Example: 26214400.
        max_messages_per_hour (int | None): Null: no limit here. Example: 10000.
        max_recipients (int | None): Null: no limit here. Example: 20000.
        recipients (int):  Example: 4711.
    """

    domains: int
    max_domains: int | None
    max_message_size_bytes: int | None
    max_messages_per_hour: int | None
    max_recipients: int | None
    recipients: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        domains = self.domains

        max_domains: int | None
        max_domains = self.max_domains

        max_message_size_bytes: int | None
        max_message_size_bytes = self.max_message_size_bytes

        max_messages_per_hour: int | None
        max_messages_per_hour = self.max_messages_per_hour

        max_recipients: int | None
        max_recipients = self.max_recipients

        recipients = self.recipients

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "domains": domains,
                "max_domains": max_domains,
                "max_message_size_bytes": max_message_size_bytes,
                "max_messages_per_hour": max_messages_per_hour,
                "max_recipients": max_recipients,
                "recipients": recipients,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        domains = d.pop("domains")

        def _parse_max_domains(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        max_domains = _parse_max_domains(d.pop("max_domains"))

        def _parse_max_message_size_bytes(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        max_message_size_bytes = _parse_max_message_size_bytes(d.pop("max_message_size_bytes"))

        def _parse_max_messages_per_hour(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        max_messages_per_hour = _parse_max_messages_per_hour(d.pop("max_messages_per_hour"))

        def _parse_max_recipients(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        max_recipients = _parse_max_recipients(d.pop("max_recipients"))

        recipients = d.pop("recipients")

        tenant_limits = cls(
            domains=domains,
            max_domains=max_domains,
            max_message_size_bytes=max_message_size_bytes,
            max_messages_per_hour=max_messages_per_hour,
            max_recipients=max_recipients,
            recipients=recipients,
        )

        tenant_limits.additional_properties = d
        return tenant_limits

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
