from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="PoolCreate")


@_attrs_define
class PoolCreate:
    """A new pool.

    Example:
        {'mx_hosts': ['mx1.eu.msp.example', 'mx2.eu.msp.example'], 'name': 'eu-west'}

    Attributes:
        name (str): 1 to 63 of `a-z`, `0-9` and `-`, beginning with a letter. Unique.
        mx_hosts (list[str] | None | Unset): Where MX records of domains that it serves should point, the most preferred
            first; left out: as the installation's
            settings say.
    """

    name: str
    mx_hosts: list[str] | None | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        name = self.name

        mx_hosts: list[str] | None | Unset
        if isinstance(self.mx_hosts, Unset):
            mx_hosts = UNSET
        elif isinstance(self.mx_hosts, list):
            mx_hosts = self.mx_hosts

        else:
            mx_hosts = self.mx_hosts

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "name": name,
            }
        )
        if mx_hosts is not UNSET:
            field_dict["mx_hosts"] = mx_hosts

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        name = d.pop("name")

        def _parse_mx_hosts(data: object) -> list[str] | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                mx_hosts_type_0 = cast(list[str], data)

                return mx_hosts_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[str] | None | Unset, data)

        mx_hosts = _parse_mx_hosts(d.pop("mx_hosts", UNSET))

        pool_create = cls(
            name=name,
            mx_hosts=mx_hosts,
        )

        return pool_create
