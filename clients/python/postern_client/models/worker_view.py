from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.known_worker_state import KnownWorkerState
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.load import Load
    from ..models.part_error import PartError
    from ..models.totals import Totals


T = TypeVar("T", bound="WorkerView")


@_attrs_define
class WorkerView:
    """A worker, as far as it has told.

    Attributes:
        clock_skew_us (int): How far its clock is ahead of the control plane's, in microseconds. Example: -1200.
        created_at (datetime.datetime):
        drain_requested_at (datetime.datetime | None):
        errors (list[PartError]): Parts of the configuration that it could not take; their last good state is used.
        id (str):
        is_alive (bool): Heard of within the last 30 seconds. Example: True.
        is_ready (bool): It has a snapshot and takes mail. Example: True.
        last_seen_at (datetime.datetime):
        load (Load | None):
        name (str):  Example: mx1.example.net.
        pool_id (str):
        refused (None | str): Why it refused the newest head: `bad_signature`, `hash_mismatch`, `rolled_back`, …
            (docs/operations.md). Example: hash_mismatch.
        ring (str): `stable` or `canary`. Example: stable.
        running (None | str): Head it runs: epoch and version. Example: 1.42.
        sessions (int): SMTP sessions now. Example: 12.
        software_version (str):  Example: 0.1.0.
        state (KnownWorkerState | str): What a worker is at. More may come.
        totals (Totals): Since the worker started; they make the size of a gap known.
        address (None | str | Unset): Where it enrolled from. Example: 192.0.2.7.
    """

    clock_skew_us: int
    created_at: datetime.datetime
    drain_requested_at: datetime.datetime | None
    errors: list[PartError]
    id: str
    is_alive: bool
    is_ready: bool
    last_seen_at: datetime.datetime
    load: Load | None
    name: str
    pool_id: str
    refused: None | str
    ring: str
    running: None | str
    sessions: int
    software_version: str
    state: KnownWorkerState | str
    totals: Totals
    address: None | str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.load import Load  # noqa: PLC0415

        clock_skew_us = self.clock_skew_us

        created_at = self.created_at.isoformat()

        drain_requested_at: None | str
        if isinstance(self.drain_requested_at, datetime.datetime):
            drain_requested_at = self.drain_requested_at.isoformat()
        else:
            drain_requested_at = self.drain_requested_at

        errors = []
        for errors_item_data in self.errors:
            errors_item = errors_item_data.to_dict()
            errors.append(errors_item)

        id = self.id

        is_alive = self.is_alive

        is_ready = self.is_ready

        last_seen_at = self.last_seen_at.isoformat()

        load: dict[str, Any] | None
        if isinstance(self.load, Load):
            load = self.load.to_dict()
        else:
            load = self.load

        name = self.name

        pool_id = self.pool_id

        refused: None | str
        refused = self.refused

        ring = self.ring

        running: None | str
        running = self.running

        sessions = self.sessions

        software_version = self.software_version

        state: str
        if isinstance(self.state, KnownWorkerState):
            state = self.state.value
        else:
            state = self.state

        totals = self.totals.to_dict()

        address: None | str | Unset
        if isinstance(self.address, Unset):
            address = UNSET
        else:
            address = self.address

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "clock_skew_us": clock_skew_us,
                "created_at": created_at,
                "drain_requested_at": drain_requested_at,
                "errors": errors,
                "id": id,
                "is_alive": is_alive,
                "is_ready": is_ready,
                "last_seen_at": last_seen_at,
                "load": load,
                "name": name,
                "pool_id": pool_id,
                "refused": refused,
                "ring": ring,
                "running": running,
                "sessions": sessions,
                "software_version": software_version,
                "state": state,
                "totals": totals,
            }
        )
        if address is not UNSET:
            field_dict["address"] = address

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.load import Load  # noqa: PLC0415
        from ..models.part_error import PartError  # noqa: PLC0415
        from ..models.totals import Totals  # noqa: PLC0415

        d = dict(src_dict)
        clock_skew_us = d.pop("clock_skew_us")

        created_at = datetime.datetime.fromisoformat(d.pop("created_at"))

        def _parse_drain_requested_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                drain_requested_at_type_0 = datetime.datetime.fromisoformat(data)

                return drain_requested_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        drain_requested_at = _parse_drain_requested_at(d.pop("drain_requested_at"))

        errors = []
        _errors = d.pop("errors")
        for errors_item_data in _errors:
            errors_item = PartError.from_dict(errors_item_data)

            errors.append(errors_item)

        id = d.pop("id")

        is_alive = d.pop("is_alive")

        is_ready = d.pop("is_ready")

        last_seen_at = datetime.datetime.fromisoformat(d.pop("last_seen_at"))

        def _parse_load(data: object) -> Load | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                load_type_0 = Load.from_dict(data)

                return load_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(Load | None, data)

        load = _parse_load(d.pop("load"))

        name = d.pop("name")

        pool_id = d.pop("pool_id")

        def _parse_refused(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        refused = _parse_refused(d.pop("refused"))

        ring = d.pop("ring")

        def _parse_running(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        running = _parse_running(d.pop("running"))

        sessions = d.pop("sessions")

        software_version = d.pop("software_version")

        def _parse_state(data: object) -> KnownWorkerState | str:
            try:
                if not isinstance(data, str):
                    raise TypeError()
                componentsschemas_worker_state_type_0 = KnownWorkerState(data)

                return componentsschemas_worker_state_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(KnownWorkerState | str, data)

        state = _parse_state(d.pop("state"))

        totals = Totals.from_dict(d.pop("totals"))

        def _parse_address(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        address = _parse_address(d.pop("address", UNSET))

        worker_view = cls(
            clock_skew_us=clock_skew_us,
            created_at=created_at,
            drain_requested_at=drain_requested_at,
            errors=errors,
            id=id,
            is_alive=is_alive,
            is_ready=is_ready,
            last_seen_at=last_seen_at,
            load=load,
            name=name,
            pool_id=pool_id,
            refused=refused,
            ring=ring,
            running=running,
            sessions=sessions,
            software_version=software_version,
            state=state,
            totals=totals,
            address=address,
        )

        worker_view.additional_properties = d
        return worker_view

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
