from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="JoinTokenCreate")


@_attrs_define
class JoinTokenCreate:
    """
    Attributes:
        name (str): For people. Example: workers in Paris.
        address_ranges (list[str] | Unset): Networks it may be used from; empty: from anywhere.
        lifetime_s (int | Unset): How long it is good, in seconds; a year at most. Default: 86400. Example: 86400.
        pool_id (None | str | Unset):
        uses (int | Unset): How many enrolments it is good for. A worker that restarts enrols anew. Default: 1. Example:
            100.
    """

    name: str
    address_ranges: list[str] | Unset = UNSET
    lifetime_s: int | Unset = 86400
    pool_id: None | str | Unset = UNSET
    uses: int | Unset = 1

    def to_dict(self) -> dict[str, Any]:
        name = self.name

        address_ranges: list[str] | Unset = UNSET
        if not isinstance(self.address_ranges, Unset):
            address_ranges = self.address_ranges

        lifetime_s = self.lifetime_s

        pool_id: None | str | Unset
        if isinstance(self.pool_id, Unset):
            pool_id = UNSET
        else:
            pool_id = self.pool_id

        uses = self.uses

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "name": name,
            }
        )
        if address_ranges is not UNSET:
            field_dict["address_ranges"] = address_ranges
        if lifetime_s is not UNSET:
            field_dict["lifetime_s"] = lifetime_s
        if pool_id is not UNSET:
            field_dict["pool_id"] = pool_id
        if uses is not UNSET:
            field_dict["uses"] = uses

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        name = d.pop("name")

        address_ranges = cast(list[str], d.pop("address_ranges", UNSET))

        lifetime_s = d.pop("lifetime_s", UNSET)

        def _parse_pool_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        pool_id = _parse_pool_id(d.pop("pool_id", UNSET))

        uses = d.pop("uses", UNSET)

        join_token_create = cls(
            name=name,
            address_ranges=address_ranges,
            lifetime_s=lifetime_s,
            pool_id=pool_id,
            uses=uses,
        )

        return join_token_create
