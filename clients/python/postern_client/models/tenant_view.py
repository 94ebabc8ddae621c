from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.known_tenant_kind import KnownTenantKind

if TYPE_CHECKING:
    from ..models.labels import Labels


T = TypeVar("T", bound="TenantView")


@_attrs_define
class TenantView:
    """A tenant.

    Attributes:
        closes_at (datetime.datetime | None):
        created_at (datetime.datetime):
        external_ref (None | str):  Example: K-1042.
        id (str):
        kind (KnownTenantKind | str): What a tenant is in the tree. More may come.
        labels (Labels): Labels by name: up to 32, values of up to 255 bytes. Example: {'plan': 'gold'}.
        name (str):  Example: Acme Ltd.
        parent_id (None | str):
        refuse_from (datetime.datetime | None):
        state (str): `active`, `suspended` or `closing`: what holds, by the tenant itself or by one above it. More may
            come. Example: active.
        state_from (None | str):
        suspended_at (datetime.datetime | None):
        suspension_reason (None | str): Why it is suspended; only for those who administer the tenant above it. Example:
            invoice 4711.
    """

    closes_at: datetime.datetime | None
    created_at: datetime.datetime
    external_ref: None | str
    id: str
    kind: KnownTenantKind | str
    labels: Labels
    name: str
    parent_id: None | str
    refuse_from: datetime.datetime | None
    state: str
    state_from: None | str
    suspended_at: datetime.datetime | None
    suspension_reason: None | str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        closes_at: None | str
        if isinstance(self.closes_at, datetime.datetime):
            closes_at = self.closes_at.isoformat()
        else:
            closes_at = self.closes_at

        created_at = self.created_at.isoformat()

        external_ref: None | str
        external_ref = self.external_ref

        id = self.id

        kind: str
        if isinstance(self.kind, KnownTenantKind):
            kind = self.kind.value
        else:
            kind = self.kind

        labels = self.labels.to_dict()

        name = self.name

        parent_id: None | str
        parent_id = self.parent_id

        refuse_from: None | str
        if isinstance(self.refuse_from, datetime.datetime):
            refuse_from = self.refuse_from.isoformat()
        else:
            refuse_from = self.refuse_from

        state = self.state

        state_from: None | str
        state_from = self.state_from

        suspended_at: None | str
        if isinstance(self.suspended_at, datetime.datetime):
            suspended_at = self.suspended_at.isoformat()
        else:
            suspended_at = self.suspended_at

        suspension_reason: None | str
        suspension_reason = self.suspension_reason

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "closes_at": closes_at,
                "created_at": created_at,
                "external_ref": external_ref,
                "id": id,
                "kind": kind,
                "labels": labels,
                "name": name,
                "parent_id": parent_id,
                "refuse_from": refuse_from,
                "state": state,
                "state_from": state_from,
                "suspended_at": suspended_at,
                "suspension_reason": suspension_reason,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.labels import Labels  # noqa: PLC0415

        d = dict(src_dict)

        def _parse_closes_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                closes_at_type_0 = datetime.datetime.fromisoformat(data)

                return closes_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        closes_at = _parse_closes_at(d.pop("closes_at"))

        created_at = datetime.datetime.fromisoformat(d.pop("created_at"))

        def _parse_external_ref(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        external_ref = _parse_external_ref(d.pop("external_ref"))

        id = d.pop("id")

        def _parse_kind(data: object) -> KnownTenantKind | str:
            try:
                if not isinstance(data, str):
                    raise TypeError()
                componentsschemas_tenant_kind_type_0 = KnownTenantKind(data)

                return componentsschemas_tenant_kind_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(KnownTenantKind | str, data)

        kind = _parse_kind(d.pop("kind"))

        labels = Labels.from_dict(d.pop("labels"))

        name = d.pop("name")

        def _parse_parent_id(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        parent_id = _parse_parent_id(d.pop("parent_id"))

        def _parse_refuse_from(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                refuse_from_type_0 = datetime.datetime.fromisoformat(data)

                return refuse_from_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        refuse_from = _parse_refuse_from(d.pop("refuse_from"))

        state = d.pop("state")

        def _parse_state_from(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        state_from = _parse_state_from(d.pop("state_from"))

        def _parse_suspended_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                suspended_at_type_0 = datetime.datetime.fromisoformat(data)

                return suspended_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        suspended_at = _parse_suspended_at(d.pop("suspended_at"))

        def _parse_suspension_reason(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        suspension_reason = _parse_suspension_reason(d.pop("suspension_reason"))

        tenant_view = cls(
            closes_at=closes_at,
            created_at=created_at,
            external_ref=external_ref,
            id=id,
            kind=kind,
            labels=labels,
            name=name,
            parent_id=parent_id,
            refuse_from=refuse_from,
            state=state,
            state_from=state_from,
            suspended_at=suspended_at,
            suspension_reason=suspension_reason,
        )

        tenant_view.additional_properties = d
        return tenant_view

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
