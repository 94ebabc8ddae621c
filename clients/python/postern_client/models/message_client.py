from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.tls import Tls


T = TypeVar("T", bound="MessageClient")


@_attrs_define
class MessageClient:
    """
    Attributes:
        address (str):  Example: 192.0.2.25.
        helo (None | str): What it called itself. Example: mail.example.net.
        protocol (str): `SMTP`, `ESMTP`, `ESMTPS`, `UTF8SMTPS` … (RFC 3848). Example: ESMTPS.
        tls (None | Tls):
    """

    address: str
    helo: None | str
    protocol: str
    tls: None | Tls
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.tls import Tls  # noqa: PLC0415

        address = self.address

        helo: None | str
        helo = self.helo

        protocol = self.protocol

        tls: dict[str, Any] | None
        if isinstance(self.tls, Tls):
            tls = self.tls.to_dict()
        else:
            tls = self.tls

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "address": address,
                "helo": helo,
                "protocol": protocol,
                "tls": tls,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.tls import Tls  # noqa: PLC0415

        d = dict(src_dict)
        address = d.pop("address")

        def _parse_helo(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        helo = _parse_helo(d.pop("helo"))

        protocol = d.pop("protocol")

        def _parse_tls(data: object) -> None | Tls:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                tls_type_0 = Tls.from_dict(data)

                return tls_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | Tls, data)

        tls = _parse_tls(d.pop("tls"))

        message_client = cls(
            address=address,
            helo=helo,
            protocol=protocol,
            tls=tls,
        )

        message_client.additional_properties = d
        return message_client

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
