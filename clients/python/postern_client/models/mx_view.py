from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.tls_settings import TlsSettings


T = TypeVar("T", bound="MxView")


@_attrs_define
class MxView:
    """A domain whose MX records are followed.

    Attributes:
        domain (str):  Example: office.acme.example.
        port (int):  Example: 25.
        tls (TlsSettings): TLS to the next hop. Example: {'level': 'verified', 'trust': 'web_pki'}.
    """

    domain: str
    port: int
    tls: TlsSettings
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        domain = self.domain

        port = self.port

        tls = self.tls.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "domain": domain,
                "port": port,
                "tls": tls,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.tls_settings import TlsSettings  # noqa: PLC0415

        d = dict(src_dict)
        domain = d.pop("domain")

        port = d.pop("port")

        tls = TlsSettings.from_dict(d.pop("tls"))

        mx_view = cls(
            domain=domain,
            port=port,
            tls=tls,
        )

        mx_view.additional_properties = d
        return mx_view

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
