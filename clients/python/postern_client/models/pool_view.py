from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="PoolView")


@_attrs_define
class PoolView:
    """A set of workers with a configuration of their own.

    Attributes:
        created_at (datetime.datetime):
        id (str):
        is_default (bool): It serves every tenant for which no level names a pool. Example: False.
        mx_hosts (list[str] | None): Where MX records of domains that it serves should point; null: as the
            installation's settings say.
        name (str):  Example: eu-west.
        tenants (int): Tenants that name it; those below them that name none are served by it as well. Example: 12.
        workers (int): Workers seen in the last 30 seconds. Example: 3.
    """

    created_at: datetime.datetime
    id: str
    is_default: bool
    mx_hosts: list[str] | None
    name: str
    tenants: int
    workers: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        created_at = self.created_at.isoformat()

        id = self.id

        is_default = self.is_default

        mx_hosts: list[str] | None
        if isinstance(self.mx_hosts, list):
            mx_hosts = self.mx_hosts

        else:
            mx_hosts = self.mx_hosts

        name = self.name

        tenants = self.tenants

        workers = self.workers

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "created_at": created_at,
                "id": id,
                "is_default": is_default,
                "mx_hosts": mx_hosts,
                "name": name,
                "tenants": tenants,
                "workers": workers,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        created_at = datetime.datetime.fromisoformat(d.pop("created_at"))

        id = d.pop("id")

        is_default = d.pop("is_default")

        def _parse_mx_hosts(data: object) -> list[str] | None:
            if data is None:
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                mx_hosts_type_0 = cast(list[str], data)

                return mx_hosts_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[str] | None, data)

        mx_hosts = _parse_mx_hosts(d.pop("mx_hosts"))

        name = d.pop("name")

        tenants = d.pop("tenants")

        workers = d.pop("workers")

        pool_view = cls(
            created_at=created_at,
            id=id,
            is_default=is_default,
            mx_hosts=mx_hosts,
            name=name,
            tenants=tenants,
            workers=workers,
        )

        pool_view.additional_properties = d
        return pool_view

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
