from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.known_route_verdict import KnownRouteVerdict

if TYPE_CHECKING:
    from ..models.hop_test_view import HopTestView


T = TypeVar("T", bound="RouteTestView")


@_attrs_define
class RouteTestView:
    """What a worker saw.

    Attributes:
        hops (list[HopTestView]): By priority. Empty where no host can be made of the domain.
        recipient (str):  Example: anna@acme.example.
        route_id (str):
        verdict (KnownRouteVerdict | str): What all of it came to. More may come.
        worker_id (str):
    """

    hops: list[HopTestView]
    recipient: str
    route_id: str
    verdict: KnownRouteVerdict | str
    worker_id: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        hops = []
        for hops_item_data in self.hops:
            hops_item = hops_item_data.to_dict()
            hops.append(hops_item)

        recipient = self.recipient

        route_id = self.route_id

        verdict: str
        if isinstance(self.verdict, KnownRouteVerdict):
            verdict = self.verdict.value
        else:
            verdict = self.verdict

        worker_id = self.worker_id

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "hops": hops,
                "recipient": recipient,
                "route_id": route_id,
                "verdict": verdict,
                "worker_id": worker_id,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.hop_test_view import HopTestView  # noqa: PLC0415

        d = dict(src_dict)
        hops = []
        _hops = d.pop("hops")
        for hops_item_data in _hops:
            hops_item = HopTestView.from_dict(hops_item_data)

            hops.append(hops_item)

        recipient = d.pop("recipient")

        route_id = d.pop("route_id")

        def _parse_verdict(data: object) -> KnownRouteVerdict | str:
            try:
                if not isinstance(data, str):
                    raise TypeError()
                componentsschemas_route_verdict_type_0 = KnownRouteVerdict(data)

                return componentsschemas_route_verdict_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(KnownRouteVerdict | str, data)

        verdict = _parse_verdict(d.pop("verdict"))

        worker_id = d.pop("worker_id")

        route_test_view = cls(
            hops=hops,
            recipient=recipient,
            route_id=route_id,
            verdict=verdict,
            worker_id=worker_id,
        )

        route_test_view.additional_properties = d
        return route_test_view

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
