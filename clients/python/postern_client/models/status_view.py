from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.known_overall import KnownOverall

if TYPE_CHECKING:
    from ..models.configuration_status import ConfigurationStatus
    from ..models.events_status import EventsStatus
    from ..models.next_hops_status import NextHopsStatus
    from ..models.pool_status import PoolStatus
    from ..models.status_problem import StatusProblem
    from ..models.workers_status import WorkersStatus


T = TypeVar("T", bound="StatusView")


@_attrs_define
class StatusView:
    """The installation in one call: what is there, what is wrong, what to do about it.

    Attributes:
        at (datetime.datetime):
        configuration (ConfigurationStatus):
        database (str): `sqlite` or `postgresql`. Example: sqlite.
        events (EventsStatus): What happened, on its way to the trace. Gaps and rejected events are those of the last 24
            hours.
        next_hops (NextHopsStatus): Next hops in trouble, as workers of the last 30 seconds see them.
        pools (list[PoolStatus]):
        problems (list[StatusProblem]): The worst first.
        problems_total (int): With those that the list had no room for (200). Example: 0.
        software_version (str): Of the control plane that answered. Example: 0.1.0.
        state (KnownOverall | str): How an installation fares. More may come.
        workers (WorkersStatus): Counts; `total` is their sum.
    """

    at: datetime.datetime
    configuration: ConfigurationStatus
    database: str
    events: EventsStatus
    next_hops: NextHopsStatus
    pools: list[PoolStatus]
    problems: list[StatusProblem]
    problems_total: int
    software_version: str
    state: KnownOverall | str
    workers: WorkersStatus
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        at = self.at.isoformat()

        configuration = self.configuration.to_dict()

        database = self.database

        events = self.events.to_dict()

        next_hops = self.next_hops.to_dict()

        pools = []
        for pools_item_data in self.pools:
            pools_item = pools_item_data.to_dict()
            pools.append(pools_item)

        problems = []
        for problems_item_data in self.problems:
            problems_item = problems_item_data.to_dict()
            problems.append(problems_item)

        problems_total = self.problems_total

        software_version = self.software_version

        state: str
        if isinstance(self.state, KnownOverall):
            state = self.state.value
        else:
            state = self.state

        workers = self.workers.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "at": at,
                "configuration": configuration,
                "database": database,
                "events": events,
                "next_hops": next_hops,
                "pools": pools,
                "problems": problems,
                "problems_total": problems_total,
                "software_version": software_version,
                "state": state,
                "workers": workers,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.configuration_status import ConfigurationStatus  # noqa: PLC0415
        from ..models.events_status import EventsStatus  # noqa: PLC0415
        from ..models.next_hops_status import NextHopsStatus  # noqa: PLC0415
        from ..models.pool_status import PoolStatus  # noqa: PLC0415
        from ..models.status_problem import StatusProblem  # noqa: PLC0415
        from ..models.workers_status import WorkersStatus  # noqa: PLC0415

        d = dict(src_dict)
        at = datetime.datetime.fromisoformat(d.pop("at"))

        configuration = ConfigurationStatus.from_dict(d.pop("configuration"))

        database = d.pop("database")

        events = EventsStatus.from_dict(d.pop("events"))

        next_hops = NextHopsStatus.from_dict(d.pop("next_hops"))

        pools = []
        _pools = d.pop("pools")
        for pools_item_data in _pools:
            pools_item = PoolStatus.from_dict(pools_item_data)

            pools.append(pools_item)

        problems = []
        _problems = d.pop("problems")
        for problems_item_data in _problems:
            problems_item = StatusProblem.from_dict(problems_item_data)

            problems.append(problems_item)

        problems_total = d.pop("problems_total")

        software_version = d.pop("software_version")

        def _parse_state(data: object) -> KnownOverall | str:
            try:
                if not isinstance(data, str):
                    raise TypeError()
                componentsschemas_overall_type_0 = KnownOverall(data)

                return componentsschemas_overall_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(KnownOverall | str, data)

        state = _parse_state(d.pop("state"))

        workers = WorkersStatus.from_dict(d.pop("workers"))

        status_view = cls(
            at=at,
            configuration=configuration,
            database=database,
            events=events,
            next_hops=next_hops,
            pools=pools,
            problems=problems,
            problems_total=problems_total,
            software_version=software_version,
            state=state,
            workers=workers,
        )

        status_view.additional_properties = d
        return status_view

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
