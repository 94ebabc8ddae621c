from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.known_route_kind import KnownRouteKind

if TYPE_CHECKING:
    from ..models.hop_view import HopView
    from ..models.labels import Labels
    from ..models.mx_view import MxView


T = TypeVar("T", bound="RouteView")


@_attrs_define
class RouteView:
    """A route.

    Attributes:
        certificate_id (None | str):
        created_at (datetime.datetime):
        external_ref (None | str):  Example: R-7.
        hops (list[HopView]): Of kind `host`; else empty.
        id (str):
        kind (KnownRouteKind | str): What a route leads to. More may come.
        labels (Labels): Labels by name: up to 32, values of up to 255 bytes. Example: {'plan': 'gold'}.
        max_connections (int | None): Connections to each next hop at once, by all workers of a pool together. Example:
            100.
        mx (MxView | None):
        name (str):  Example: Exchange in the cellar.
        tenant_id (str):
    """

    certificate_id: None | str
    created_at: datetime.datetime
    external_ref: None | str
    hops: list[HopView]
    id: str
    kind: KnownRouteKind | str
    labels: Labels
    max_connections: int | None
    mx: MxView | None
    name: str
    tenant_id: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.mx_view import MxView  # noqa: PLC0415

        certificate_id: None | str
        certificate_id = self.certificate_id

        created_at = self.created_at.isoformat()

        external_ref: None | str
        external_ref = self.external_ref

        hops = []
        for hops_item_data in self.hops:
            hops_item = hops_item_data.to_dict()
            hops.append(hops_item)

        id = self.id

        kind: str
        if isinstance(self.kind, KnownRouteKind):
            kind = self.kind.value
        else:
            kind = self.kind

        labels = self.labels.to_dict()

        max_connections: int | None
        max_connections = self.max_connections

        mx: dict[str, Any] | None
        if isinstance(self.mx, MxView):
            mx = self.mx.to_dict()
        else:
            mx = self.mx

        name = self.name

        tenant_id = self.tenant_id

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "certificate_id": certificate_id,
                "created_at": created_at,
                "external_ref": external_ref,
                "hops": hops,
                "id": id,
                "kind": kind,
                "labels": labels,
                "max_connections": max_connections,
                "mx": mx,
                "name": name,
                "tenant_id": tenant_id,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.hop_view import HopView  # noqa: PLC0415
        from ..models.labels import Labels  # noqa: PLC0415
        from ..models.mx_view import MxView  # noqa: PLC0415

        d = dict(src_dict)

        def _parse_certificate_id(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        certificate_id = _parse_certificate_id(d.pop("certificate_id"))

        created_at = datetime.datetime.fromisoformat(d.pop("created_at"))

        def _parse_external_ref(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        external_ref = _parse_external_ref(d.pop("external_ref"))

        hops = []
        _hops = d.pop("hops")
        for hops_item_data in _hops:
            hops_item = HopView.from_dict(hops_item_data)

            hops.append(hops_item)

        id = d.pop("id")

        def _parse_kind(data: object) -> KnownRouteKind | str:
            try:
                if not isinstance(data, str):
                    raise TypeError()
                componentsschemas_route_kind_type_0 = KnownRouteKind(data)

                return componentsschemas_route_kind_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(KnownRouteKind | str, data)

        kind = _parse_kind(d.pop("kind"))

        labels = Labels.from_dict(d.pop("labels"))

        def _parse_max_connections(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        max_connections = _parse_max_connections(d.pop("max_connections"))

        def _parse_mx(data: object) -> MxView | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                mx_type_0 = MxView.from_dict(data)

                return mx_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(MxView | None, data)

        mx = _parse_mx(d.pop("mx"))

        name = d.pop("name")

        tenant_id = d.pop("tenant_id")

        route_view = cls(
            certificate_id=certificate_id,
            created_at=created_at,
            external_ref=external_ref,
            hops=hops,
            id=id,
            kind=kind,
            labels=labels,
            max_connections=max_connections,
            mx=mx,
            name=name,
            tenant_id=tenant_id,
        )

        route_view.additional_properties = d
        return route_view

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
