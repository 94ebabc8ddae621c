from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="PoolVersion")


@_attrs_define
class PoolVersion:
    """
    Attributes:
        head (None | str): The pool's first head that holds it; null while none does, and for a pool that was made
            later. Example: 1.17.
        name (str):  Example: default.
        pool_id (str):
        workers_running (int):  Example: 3.
        workers_seen (int):  Example: 3.
    """

    head: None | str
    name: str
    pool_id: str
    workers_running: int
    workers_seen: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        head: None | str
        head = self.head

        name = self.name

        pool_id = self.pool_id

        workers_running = self.workers_running

        workers_seen = self.workers_seen

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "head": head,
                "name": name,
                "pool_id": pool_id,
                "workers_running": workers_running,
                "workers_seen": workers_seen,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)

        def _parse_head(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        head = _parse_head(d.pop("head"))

        name = d.pop("name")

        pool_id = d.pop("pool_id")

        workers_running = d.pop("workers_running")

        workers_seen = d.pop("workers_seen")

        pool_version = cls(
            head=head,
            name=name,
            pool_id=pool_id,
            workers_running=workers_running,
            workers_seen=workers_seen,
        )

        pool_version.additional_properties = d
        return pool_version

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
