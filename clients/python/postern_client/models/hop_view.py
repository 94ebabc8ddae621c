from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.tls_settings import TlsSettings


T = TypeVar("T", bound="HopView")


@_attrs_define
class HopView:
    """A next hop.

    Attributes:
        host (str):  Example: mx.acme.example.
        port (int):  Example: 25.
        priority (int):  Example: 10.
        tls (TlsSettings): TLS to the next hop. Example: {'level': 'verified', 'trust': 'web_pki'}.
        weight (int):  Example: 1.
    """

    host: str
    port: int
    priority: int
    tls: TlsSettings
    weight: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        host = self.host

        port = self.port

        priority = self.priority

        tls = self.tls.to_dict()

        weight = self.weight

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "host": host,
                "port": port,
                "priority": priority,
                "tls": tls,
                "weight": weight,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.tls_settings import TlsSettings  # noqa: PLC0415

        d = dict(src_dict)
        host = d.pop("host")

        port = d.pop("port")

        priority = d.pop("priority")

        tls = TlsSettings.from_dict(d.pop("tls"))

        weight = d.pop("weight")

        hop_view = cls(
            host=host,
            port=port,
            priority=priority,
            tls=tls,
            weight=weight,
        )

        hop_view.additional_properties = d
        return hop_view

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
