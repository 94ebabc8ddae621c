from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.known_hop_state import KnownHopState

if TYPE_CHECKING:
    from ..models.hop_at_worker_view import HopAtWorkerView


T = TypeVar("T", bound="HopHealthView")


@_attrs_define
class HopHealthView:
    """A next hop: the worst state of all workers, sums, and the latest of everything.

    Attributes:
        connect_ms (int | None): The slowest of the workers' last connections, in milliseconds. Example: 42.
        connected (int):  Example: 2400.
        failed (int):  Example: 6.
        host (str):  Example: mx.acme.example.
        last_connected_at (datetime.datetime | None):
        last_error (None | str):  Example: no connection: Connection refused (os error 111).
        last_failed_at (datetime.datetime | None):
        port (int):  Example: 25.
        state (KnownHopState | str): How a next hop fares. More may come.
        tls (str): Level of TLS. Example: required.
        workers (list[HopAtWorkerView]):
    """

    connect_ms: int | None
    connected: int
    failed: int
    host: str
    last_connected_at: datetime.datetime | None
    last_error: None | str
    last_failed_at: datetime.datetime | None
    port: int
    state: KnownHopState | str
    tls: str
    workers: list[HopAtWorkerView]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        connect_ms: int | None
        connect_ms = self.connect_ms

        connected = self.connected

        failed = self.failed

        host = self.host

        last_connected_at: None | str
        if isinstance(self.last_connected_at, datetime.datetime):
            last_connected_at = self.last_connected_at.isoformat()
        else:
            last_connected_at = self.last_connected_at

        last_error: None | str
        last_error = self.last_error

        last_failed_at: None | str
        if isinstance(self.last_failed_at, datetime.datetime):
            last_failed_at = self.last_failed_at.isoformat()
        else:
            last_failed_at = self.last_failed_at

        port = self.port

        state: str
        if isinstance(self.state, KnownHopState):
            state = self.state.value
        else:
            state = self.state

        tls = self.tls

        workers = []
        for workers_item_data in self.workers:
            workers_item = workers_item_data.to_dict()
            workers.append(workers_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "connect_ms": connect_ms,
                "connected": connected,
                "failed": failed,
                "host": host,
                "last_connected_at": last_connected_at,
                "last_error": last_error,
                "last_failed_at": last_failed_at,
                "port": port,
                "state": state,
                "tls": tls,
                "workers": workers,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.hop_at_worker_view import HopAtWorkerView  # noqa: PLC0415

        d = dict(src_dict)

        def _parse_connect_ms(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        connect_ms = _parse_connect_ms(d.pop("connect_ms"))

        connected = d.pop("connected")

        failed = d.pop("failed")

        host = d.pop("host")

        def _parse_last_connected_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                last_connected_at_type_0 = datetime.datetime.fromisoformat(data)

                return last_connected_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        last_connected_at = _parse_last_connected_at(d.pop("last_connected_at"))

        def _parse_last_error(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        last_error = _parse_last_error(d.pop("last_error"))

        def _parse_last_failed_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                last_failed_at_type_0 = datetime.datetime.fromisoformat(data)

                return last_failed_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        last_failed_at = _parse_last_failed_at(d.pop("last_failed_at"))

        port = d.pop("port")

        def _parse_state(data: object) -> KnownHopState | str:
            try:
                if not isinstance(data, str):
                    raise TypeError()
                componentsschemas_hop_state_type_0 = KnownHopState(data)

                return componentsschemas_hop_state_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(KnownHopState | str, data)

        state = _parse_state(d.pop("state"))

        tls = d.pop("tls")

        workers = []
        _workers = d.pop("workers")
        for workers_item_data in _workers:
            workers_item = HopAtWorkerView.from_dict(workers_item_data)

            workers.append(workers_item)

        hop_health_view = cls(
            connect_ms=connect_ms,
            connected=connected,
            failed=failed,
            host=host,
            last_connected_at=last_connected_at,
            last_error=last_error,
            last_failed_at=last_failed_at,
            port=port,
            state=state,
            tls=tls,
            workers=workers,
        )

        hop_health_view.additional_properties = d
        return hop_health_view

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
