from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="PoolStatus")


@_attrs_define
class PoolStatus:
    """A set of workers with a configuration of their own.

    Attributes:
        head (None | str): The newest head: epoch and version. Example: 1.42.
        head_issued_at (datetime.datetime | None):
        id (str):
        name (str):  Example: default.
        serves_tenants (bool): It serves a tenant: without workers their mail would be put off. Example: True.
        workers (int): Workers that were heard of in the last 30 seconds, and those that take mail. Example: 3.
        workers_ready (int):  Example: 3.
    """

    head: None | str
    head_issued_at: datetime.datetime | None
    id: str
    name: str
    serves_tenants: bool
    workers: int
    workers_ready: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        head: None | str
        head = self.head

        head_issued_at: None | str
        if isinstance(self.head_issued_at, datetime.datetime):
            head_issued_at = self.head_issued_at.isoformat()
        else:
            head_issued_at = self.head_issued_at

        id = self.id

        name = self.name

        serves_tenants = self.serves_tenants

        workers = self.workers

        workers_ready = self.workers_ready

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "head": head,
                "head_issued_at": head_issued_at,
                "id": id,
                "name": name,
                "serves_tenants": serves_tenants,
                "workers": workers,
                "workers_ready": workers_ready,
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

        def _parse_head_issued_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                head_issued_at_type_0 = datetime.datetime.fromisoformat(data)

                return head_issued_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        head_issued_at = _parse_head_issued_at(d.pop("head_issued_at"))

        id = d.pop("id")

        name = d.pop("name")

        serves_tenants = d.pop("serves_tenants")

        workers = d.pop("workers")

        workers_ready = d.pop("workers_ready")

        pool_status = cls(
            head=head,
            head_issued_at=head_issued_at,
            id=id,
            name=name,
            serves_tenants=serves_tenants,
            workers=workers,
            workers_ready=workers_ready,
        )

        pool_status.additional_properties = d
        return pool_status

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
