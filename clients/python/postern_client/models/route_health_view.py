from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.hop_health_view import HopHealthView


T = TypeVar("T", bound="RouteHealthView")


@_attrs_define
class RouteHealthView:
    """How the next hops of a route fare.

    Attributes:
        hops (list[HopHealthView]): Those that workers seen within the last 30 seconds had to do with; each within a few
            seconds of its use.
        route_id (str):
    """

    hops: list[HopHealthView]
    route_id: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        hops = []
        for hops_item_data in self.hops:
            hops_item = hops_item_data.to_dict()
            hops.append(hops_item)

        route_id = self.route_id

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "hops": hops,
                "route_id": route_id,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.hop_health_view import HopHealthView  # noqa: PLC0415

        d = dict(src_dict)
        hops = []
        _hops = d.pop("hops")
        for hops_item_data in _hops:
            hops_item = HopHealthView.from_dict(hops_item_data)

            hops.append(hops_item)

        route_id = d.pop("route_id")

        route_health_view = cls(
            hops=hops,
            route_id=route_id,
        )

        route_health_view.additional_properties = d
        return route_health_view

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
