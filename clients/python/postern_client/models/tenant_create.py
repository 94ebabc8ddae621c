from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.known_tenant_kind import KnownTenantKind
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.labels import Labels


T = TypeVar("T", bound="TenantCreate")


@_attrs_define
class TenantCreate:
    """A new tenant.

    Example:
        {'external_ref': 'K-1042', 'labels': {'plan': 'gold'}, 'name': 'Acme Ltd'}

    Attributes:
        name (str): For people.
        external_ref (None | str | Unset): The number in your own system, unique below one parent.
        kind (KnownTenantKind | None | str | Unset):
        labels (Labels | Unset): Labels by name: up to 32, values of up to 255 bytes. Example: {'plan': 'gold'}.
        parent_id (None | str | Unset):
    """

    name: str
    external_ref: None | str | Unset = UNSET
    kind: KnownTenantKind | None | str | Unset = UNSET
    labels: Labels | Unset = UNSET
    parent_id: None | str | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        name = self.name

        external_ref: None | str | Unset
        if isinstance(self.external_ref, Unset):
            external_ref = UNSET
        else:
            external_ref = self.external_ref

        kind: None | str | Unset
        if isinstance(self.kind, Unset):
            kind = UNSET
        elif isinstance(self.kind, KnownTenantKind):
            kind = self.kind.value
        else:
            kind = self.kind

        labels: dict[str, Any] | Unset = UNSET
        if not isinstance(self.labels, Unset):
            labels = self.labels.to_dict()

        parent_id: None | str | Unset
        if isinstance(self.parent_id, Unset):
            parent_id = UNSET
        else:
            parent_id = self.parent_id

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "name": name,
            }
        )
        if external_ref is not UNSET:
            field_dict["external_ref"] = external_ref
        if kind is not UNSET:
            field_dict["kind"] = kind
        if labels is not UNSET:
            field_dict["labels"] = labels
        if parent_id is not UNSET:
            field_dict["parent_id"] = parent_id

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.labels import Labels  # noqa: PLC0415

        d = dict(src_dict)
        name = d.pop("name")

        def _parse_external_ref(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        external_ref = _parse_external_ref(d.pop("external_ref", UNSET))

        def _parse_kind(data: object) -> KnownTenantKind | None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                componentsschemas_tenant_kind_type_0 = KnownTenantKind(data)

                return componentsschemas_tenant_kind_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(KnownTenantKind | None | str | Unset, data)

        kind = _parse_kind(d.pop("kind", UNSET))

        _labels = d.pop("labels", UNSET)
        labels: Labels | Unset
        if isinstance(_labels, Unset):
            labels = UNSET
        else:
            labels = Labels.from_dict(_labels)

        def _parse_parent_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        parent_id = _parse_parent_id(d.pop("parent_id", UNSET))

        tenant_create = cls(
            name=name,
            external_ref=external_ref,
            kind=kind,
            labels=labels,
            parent_id=parent_id,
        )

        return tenant_create
