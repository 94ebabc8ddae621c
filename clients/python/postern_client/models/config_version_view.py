from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.missing_worker import MissingWorker
    from ..models.pool_version import PoolVersion


T = TypeVar("T", bound="ConfigVersionView")


@_attrs_define
class ConfigVersionView:
    """How far a configuration write has come.

    Attributes:
        head (None | str): The head of the pool `default` that holds it: epoch and version. Example: 1.17.
        missing (list[MissingWorker]): Workers that do not run it (yet). Empty for those who may not read workers.
        pools (list[PoolVersion]): How far it has come in each pool.
        share (float): `workers_running` / `workers_seen`; 0 where none was seen. Example: 1.0.
        state (str): `pending`: a pool's head does not hold it yet. `published`: every pool's does. `applied`: every
            worker seen in the last 30
            seconds runs it. Example: applied.
        version (int): The number that the write's `Config-Version` gave. Example: 42.
        workers_running (int): Of these, how many run it. Example: 3.
        workers_seen (int): Workers seen in the last 30 seconds. Example: 3.
    """

    head: None | str
    missing: list[MissingWorker]
    pools: list[PoolVersion]
    share: float
    state: str
    version: int
    workers_running: int
    workers_seen: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        head: None | str
        head = self.head

        missing = []
        for missing_item_data in self.missing:
            missing_item = missing_item_data.to_dict()
            missing.append(missing_item)

        pools = []
        for pools_item_data in self.pools:
            pools_item = pools_item_data.to_dict()
            pools.append(pools_item)

        share = self.share

        state = self.state

        version = self.version

        workers_running = self.workers_running

        workers_seen = self.workers_seen

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "head": head,
                "missing": missing,
                "pools": pools,
                "share": share,
                "state": state,
                "version": version,
                "workers_running": workers_running,
                "workers_seen": workers_seen,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.missing_worker import MissingWorker  # noqa: PLC0415
        from ..models.pool_version import PoolVersion  # noqa: PLC0415

        d = dict(src_dict)

        def _parse_head(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        head = _parse_head(d.pop("head"))

        missing = []
        _missing = d.pop("missing")
        for missing_item_data in _missing:
            missing_item = MissingWorker.from_dict(missing_item_data)

            missing.append(missing_item)

        pools = []
        _pools = d.pop("pools")
        for pools_item_data in _pools:
            pools_item = PoolVersion.from_dict(pools_item_data)

            pools.append(pools_item)

        share = d.pop("share")

        state = d.pop("state")

        version = d.pop("version")

        workers_running = d.pop("workers_running")

        workers_seen = d.pop("workers_seen")

        config_version_view = cls(
            head=head,
            missing=missing,
            pools=pools,
            share=share,
            state=state,
            version=version,
            workers_running=workers_running,
            workers_seen=workers_seen,
        )

        config_version_view.additional_properties = d
        return config_version_view

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
