from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="MissingWorker")


@_attrs_define
class MissingWorker:
    """
    Attributes:
        id (str):
        name (str):  Example: mx1.example.net.
        pool_id (str):
        refused (None | str): Why it refused the newest head, where it did. Example: hash_mismatch.
        running (None | str): What it runs instead. Example: 1.16.
    """

    id: str
    name: str
    pool_id: str
    refused: None | str
    running: None | str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id = self.id

        name = self.name

        pool_id = self.pool_id

        refused: None | str
        refused = self.refused

        running: None | str
        running = self.running

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "name": name,
                "pool_id": pool_id,
                "refused": refused,
                "running": running,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        id = d.pop("id")

        name = d.pop("name")

        pool_id = d.pop("pool_id")

        def _parse_refused(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        refused = _parse_refused(d.pop("refused"))

        def _parse_running(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        running = _parse_running(d.pop("running"))

        missing_worker = cls(
            id=id,
            name=name,
            pool_id=pool_id,
            refused=refused,
            running=running,
        )

        missing_worker.additional_properties = d
        return missing_worker

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
