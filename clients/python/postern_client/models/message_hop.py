from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.tls import Tls


T = TypeVar("T", bound="MessageHop")


@_attrs_define
class MessageHop:
    """
    Attributes:
        address (None | str):  Example: 198.51.100.7.
        host (str):  Example: mail.acme.example.
        port (int):  Example: 25.
        reply (None | str): Its answer to the end of the message, or the last thing it said. Example: 250 2.0.0 queued
            as 4Xk2.
        reused_connection (bool):
        route_id (None | str):
        tls (None | Tls):
        tls_failure (None | str): Why the connection has no TLS although it was tried.
    """

    address: None | str
    host: str
    port: int
    reply: None | str
    reused_connection: bool
    route_id: None | str
    tls: None | Tls
    tls_failure: None | str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.tls import Tls  # noqa: PLC0415

        address: None | str
        address = self.address

        host = self.host

        port = self.port

        reply: None | str
        reply = self.reply

        reused_connection = self.reused_connection

        route_id: None | str
        route_id = self.route_id

        tls: dict[str, Any] | None
        if isinstance(self.tls, Tls):
            tls = self.tls.to_dict()
        else:
            tls = self.tls

        tls_failure: None | str
        tls_failure = self.tls_failure

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "address": address,
                "host": host,
                "port": port,
                "reply": reply,
                "reused_connection": reused_connection,
                "route_id": route_id,
                "tls": tls,
                "tls_failure": tls_failure,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.tls import Tls  # noqa: PLC0415

        d = dict(src_dict)

        def _parse_address(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        address = _parse_address(d.pop("address"))

        host = d.pop("host")

        port = d.pop("port")

        def _parse_reply(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        reply = _parse_reply(d.pop("reply"))

        reused_connection = d.pop("reused_connection")

        def _parse_route_id(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        route_id = _parse_route_id(d.pop("route_id"))

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

        def _parse_tls_failure(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        tls_failure = _parse_tls_failure(d.pop("tls_failure"))

        message_hop = cls(
            address=address,
            host=host,
            port=port,
            reply=reply,
            reused_connection=reused_connection,
            route_id=route_id,
            tls=tls,
            tls_failure=tls_failure,
        )

        message_hop.additional_properties = d
        return message_hop

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
