from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="PoolUpdate")


@_attrs_define
class PoolUpdate:
    """A merge patch: what is left out stays.

    Example:
        {'mx_hosts': ['mx1.eu.msp.example']}

    Attributes:
        mx_hosts (list[str] | None | Unset): null: as the installation's settings say.
        name (None | str | Unset):
    """

    mx_hosts: list[str] | None | Unset = UNSET
    name: None | str | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        mx_hosts: list[str] | None | Unset
        if isinstance(self.mx_hosts, Unset):
            mx_hosts = UNSET
        elif isinstance(self.mx_hosts, list):
            mx_hosts = self.mx_hosts

        else:
            mx_hosts = self.mx_hosts

        name: None | str | Unset
        if isinstance(self.name, Unset):
            name = UNSET
        else:
            name = self.name

        field_dict: dict[str, Any] = {}

        field_dict.update({})
        if mx_hosts is not UNSET:
            field_dict["mx_hosts"] = mx_hosts
        if name is not UNSET:
            field_dict["name"] = name

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)

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

        def _parse_name(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        name = _parse_name(d.pop("name", UNSET))

        pool_update = cls(
            mx_hosts=mx_hosts,
            name=name,
        )

        return pool_update
