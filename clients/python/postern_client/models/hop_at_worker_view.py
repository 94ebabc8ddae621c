from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.known_hop_state import KnownHopState

T = TypeVar("T", bound="HopAtWorkerView")


@_attrs_define
class HopAtWorkerView:
    """A next hop, as one worker sees it. Numbers count since the worker started.

    Attributes:
        connect_ms (int | None): Until EHLO was answered, the last time, in milliseconds. Example: 42.
        connected (int): Connections that came as far as EHLO. Example: 1200.
        failed (int): Tries that came to none. Example: 3.
        last_connected_at (datetime.datetime | None):
        last_error (None | str):  Example: no connection: Connection refused (os error 111).
        last_failed_at (datetime.datetime | None):
        rests_until (datetime.datetime | None):
        state (KnownHopState | str): How a next hop fares. More may come.
        worker (str):  Example: mx1.example.net.
        worker_id (str):
    """

    connect_ms: int | None
    connected: int
    failed: int
    last_connected_at: datetime.datetime | None
    last_error: None | str
    last_failed_at: datetime.datetime | None
    rests_until: datetime.datetime | None
    state: KnownHopState | str
    worker: str
    worker_id: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        connect_ms: int | None
        connect_ms = self.connect_ms

        connected = self.connected

        failed = self.failed

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

        rests_until: None | str
        if isinstance(self.rests_until, datetime.datetime):
            rests_until = self.rests_until.isoformat()
        else:
            rests_until = self.rests_until

        state: str
        if isinstance(self.state, KnownHopState):
            state = self.state.value
        else:
            state = self.state

        worker = self.worker

        worker_id = self.worker_id

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "connect_ms": connect_ms,
                "connected": connected,
                "failed": failed,
                "last_connected_at": last_connected_at,
                "last_error": last_error,
                "last_failed_at": last_failed_at,
                "rests_until": rests_until,
                "state": state,
                "worker": worker,
                "worker_id": worker_id,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)

        def _parse_connect_ms(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        connect_ms = _parse_connect_ms(d.pop("connect_ms"))

        connected = d.pop("connected")

        failed = d.pop("failed")

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

        def _parse_rests_until(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                rests_until_type_0 = datetime.datetime.fromisoformat(data)

                return rests_until_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        rests_until = _parse_rests_until(d.pop("rests_until"))

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

        worker = d.pop("worker")

        worker_id = d.pop("worker_id")

        hop_at_worker_view = cls(
            connect_ms=connect_ms,
            connected=connected,
            failed=failed,
            last_connected_at=last_connected_at,
            last_error=last_error,
            last_failed_at=last_failed_at,
            rests_until=rests_until,
            state=state,
            worker=worker,
            worker_id=worker_id,
        )

        hop_at_worker_view.additional_properties = d
        return hop_at_worker_view

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
