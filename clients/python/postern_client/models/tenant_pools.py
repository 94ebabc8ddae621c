from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="TenantPools")


@_attrs_define
class TenantPools:
    """Which pools serve a tenant.

    Attributes:
        effective (list[str]): Those that serve it.
        named_by (None | str):
        pool_ids (list[str] | None): Those that the tenant names itself; null: it inherits.
    """

    effective: list[str]
    named_by: None | str
    pool_ids: list[str] | None
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        effective = self.effective

        named_by: None | str
        named_by = self.named_by

        pool_ids: list[str] | None
        if isinstance(self.pool_ids, list):
            pool_ids = self.pool_ids

        else:
            pool_ids = self.pool_ids

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "effective": effective,
                "named_by": named_by,
                "pool_ids": pool_ids,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        effective = cast(list[str], d.pop("effective"))

        def _parse_named_by(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        named_by = _parse_named_by(d.pop("named_by"))

        def _parse_pool_ids(data: object) -> list[str] | None:
            if data is None:
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                pool_ids_type_0 = cast(list[str], data)

                return pool_ids_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[str] | None, data)

        pool_ids = _parse_pool_ids(d.pop("pool_ids"))

        tenant_pools = cls(
            effective=effective,
            named_by=named_by,
            pool_ids=pool_ids,
        )

        tenant_pools.additional_properties = d
        return tenant_pools

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
