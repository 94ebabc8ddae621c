from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="DomainMove")


@_attrs_define
class DomainMove:
    """Where a domain goes.

    Example:
        {'route_id': 'rte_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f', 'tenant_id': 'ten_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f'}

    Attributes:
        tenant_id (str):
        route_id (None | str | Unset):
    """

    tenant_id: str
    route_id: None | str | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        tenant_id = self.tenant_id

        route_id: None | str | Unset
        if isinstance(self.route_id, Unset):
            route_id = UNSET
        else:
            route_id = self.route_id

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "tenant_id": tenant_id,
            }
        )
        if route_id is not UNSET:
            field_dict["route_id"] = route_id

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        tenant_id = d.pop("tenant_id")

        def _parse_route_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        route_id = _parse_route_id(d.pop("route_id", UNSET))

        domain_move = cls(
            tenant_id=tenant_id,
            route_id=route_id,
        )

        return domain_move
