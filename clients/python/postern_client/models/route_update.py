from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.known_route_kind import KnownRouteKind
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.hop_settings import HopSettings
    from ..models.labels_update import LabelsUpdate
    from ..models.mx_update import MxUpdate


T = TypeVar("T", bound="RouteUpdate")


@_attrs_define
class RouteUpdate:
    """A merge patch: what is left out stays.

    Example:
        {'hops': [{'host': 'mx2.acme.example', 'tls': {'level': 'opportunistic'}}]}

    Attributes:
        certificate_id (None | str | Unset):
        external_ref (None | str | Unset): null takes it away.
        hops (list[HopSettings] | None | Unset): All next hops anew.
        kind (KnownRouteKind | None | str | Unset):
        labels (LabelsUpdate | None | Unset):
        max_connections (int | None | Unset): null: as many as workers are set to.
        mx (MxUpdate | None | Unset):
        name (None | str | Unset):
    """

    certificate_id: None | str | Unset = UNSET
    external_ref: None | str | Unset = UNSET
    hops: list[HopSettings] | None | Unset = UNSET
    kind: KnownRouteKind | None | str | Unset = UNSET
    labels: LabelsUpdate | None | Unset = UNSET
    max_connections: int | None | Unset = UNSET
    mx: MxUpdate | None | Unset = UNSET
    name: None | str | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        from ..models.labels_update import LabelsUpdate  # noqa: PLC0415
        from ..models.mx_update import MxUpdate  # noqa: PLC0415

        certificate_id: None | str | Unset
        if isinstance(self.certificate_id, Unset):
            certificate_id = UNSET
        else:
            certificate_id = self.certificate_id

        external_ref: None | str | Unset
        if isinstance(self.external_ref, Unset):
            external_ref = UNSET
        else:
            external_ref = self.external_ref

        hops: list[dict[str, Any]] | None | Unset
        if isinstance(self.hops, Unset):
            hops = UNSET
        elif isinstance(self.hops, list):
            hops = []
            for hops_type_0_item_data in self.hops:
                hops_type_0_item = hops_type_0_item_data.to_dict()
                hops.append(hops_type_0_item)

        else:
            hops = self.hops

        kind: None | str | Unset
        if isinstance(self.kind, Unset):
            kind = UNSET
        elif isinstance(self.kind, KnownRouteKind):
            kind = self.kind.value
        else:
            kind = self.kind

        labels: dict[str, Any] | None | Unset
        if isinstance(self.labels, Unset):
            labels = UNSET
        elif isinstance(self.labels, LabelsUpdate):
            labels = self.labels.to_dict()
        else:
            labels = self.labels

        max_connections: int | None | Unset
        if isinstance(self.max_connections, Unset):
            max_connections = UNSET
        else:
            max_connections = self.max_connections

        mx: dict[str, Any] | None | Unset
        if isinstance(self.mx, Unset):
            mx = UNSET
        elif isinstance(self.mx, MxUpdate):
            mx = self.mx.to_dict()
        else:
            mx = self.mx

        name: None | str | Unset
        if isinstance(self.name, Unset):
            name = UNSET
        else:
            name = self.name

        field_dict: dict[str, Any] = {}

        field_dict.update({})
        if certificate_id is not UNSET:
            field_dict["certificate_id"] = certificate_id
        if external_ref is not UNSET:
            field_dict["external_ref"] = external_ref
        if hops is not UNSET:
            field_dict["hops"] = hops
        if kind is not UNSET:
            field_dict["kind"] = kind
        if labels is not UNSET:
            field_dict["labels"] = labels
        if max_connections is not UNSET:
            field_dict["max_connections"] = max_connections
        if mx is not UNSET:
            field_dict["mx"] = mx
        if name is not UNSET:
            field_dict["name"] = name

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.hop_settings import HopSettings  # noqa: PLC0415
        from ..models.labels_update import LabelsUpdate  # noqa: PLC0415
        from ..models.mx_update import MxUpdate  # noqa: PLC0415

        d = dict(src_dict)

        def _parse_certificate_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        certificate_id = _parse_certificate_id(d.pop("certificate_id", UNSET))

        def _parse_external_ref(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        external_ref = _parse_external_ref(d.pop("external_ref", UNSET))

        def _parse_hops(data: object) -> list[HopSettings] | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                hops_type_0 = []
                _hops_type_0 = data
                for hops_type_0_item_data in _hops_type_0:
                    hops_type_0_item = HopSettings.from_dict(hops_type_0_item_data)

                    hops_type_0.append(hops_type_0_item)

                return hops_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[HopSettings] | None | Unset, data)

        hops = _parse_hops(d.pop("hops", UNSET))

        def _parse_kind(data: object) -> KnownRouteKind | None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                componentsschemas_route_kind_type_0 = KnownRouteKind(data)

                return componentsschemas_route_kind_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(KnownRouteKind | None | str | Unset, data)

        kind = _parse_kind(d.pop("kind", UNSET))

        def _parse_labels(data: object) -> LabelsUpdate | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                labels_type_0 = LabelsUpdate.from_dict(data)

                return labels_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(LabelsUpdate | None | Unset, data)

        labels = _parse_labels(d.pop("labels", UNSET))

        def _parse_max_connections(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        max_connections = _parse_max_connections(d.pop("max_connections", UNSET))

        def _parse_mx(data: object) -> MxUpdate | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                mx_type_0 = MxUpdate.from_dict(data)

                return mx_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(MxUpdate | None | Unset, data)

        mx = _parse_mx(d.pop("mx", UNSET))

        def _parse_name(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        name = _parse_name(d.pop("name", UNSET))

        route_update = cls(
            certificate_id=certificate_id,
            external_ref=external_ref,
            hops=hops,
            kind=kind,
            labels=labels,
            max_connections=max_connections,
            mx=mx,
            name=name,
        )

        return route_update
