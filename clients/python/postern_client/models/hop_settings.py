from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.tls_settings import TlsSettings


T = TypeVar("T", bound="HopSettings")


@_attrs_define
class HopSettings:
    """A next hop to be set.

    Example:
        {'host': 'mx.acme.example', 'port': 25, 'priority': 10, 'tls': {'level': 'required'}}

    Attributes:
        host (str): A name, or an address without brackets.
        port (int | None | Unset): 25 if left out. Default: 25.
        priority (int | None | Unset): Lower ones first; 10 if left out. Default: 10.
        tls (None | TlsSettings | Unset):
        weight (int | None | Unset): Share among equals; 1 if left out. Default: 1.
    """

    host: str
    port: int | None | Unset = 25
    priority: int | None | Unset = 10
    tls: None | TlsSettings | Unset = UNSET
    weight: int | None | Unset = 1

    def to_dict(self) -> dict[str, Any]:
        from ..models.tls_settings import TlsSettings  # noqa: PLC0415

        host = self.host

        port: int | None | Unset
        if isinstance(self.port, Unset):
            port = UNSET
        else:
            port = self.port

        priority: int | None | Unset
        if isinstance(self.priority, Unset):
            priority = UNSET
        else:
            priority = self.priority

        tls: dict[str, Any] | None | Unset
        if isinstance(self.tls, Unset):
            tls = UNSET
        elif isinstance(self.tls, TlsSettings):
            tls = self.tls.to_dict()
        else:
            tls = self.tls

        weight: int | None | Unset
        if isinstance(self.weight, Unset):
            weight = UNSET
        else:
            weight = self.weight

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "host": host,
            }
        )
        if port is not UNSET:
            field_dict["port"] = port
        if priority is not UNSET:
            field_dict["priority"] = priority
        if tls is not UNSET:
            field_dict["tls"] = tls
        if weight is not UNSET:
            field_dict["weight"] = weight

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.tls_settings import TlsSettings  # noqa: PLC0415

        d = dict(src_dict)
        host = d.pop("host")

        def _parse_port(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        port = _parse_port(d.pop("port", UNSET))

        def _parse_priority(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        priority = _parse_priority(d.pop("priority", UNSET))

        def _parse_tls(data: object) -> None | TlsSettings | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                tls_type_0 = TlsSettings.from_dict(data)

                return tls_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | TlsSettings | Unset, data)

        tls = _parse_tls(d.pop("tls", UNSET))

        def _parse_weight(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        weight = _parse_weight(d.pop("weight", UNSET))

        hop_settings = cls(
            host=host,
            port=port,
            priority=priority,
            tls=tls,
            weight=weight,
        )

        return hop_settings
