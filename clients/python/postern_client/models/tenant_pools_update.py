from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

T = TypeVar("T", bound="TenantPoolsUpdate")


@_attrs_define
class TenantPoolsUpdate:
    """
    Attributes:
        pool_ids (list[str] | None): Pools that serve the tenant, and those below it that name none; null: inherit
            again.
    """

    pool_ids: list[str] | None

    def to_dict(self) -> dict[str, Any]:
        pool_ids: list[str] | None
        if isinstance(self.pool_ids, list):
            pool_ids = self.pool_ids

        else:
            pool_ids = self.pool_ids

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "pool_ids": pool_ids,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)

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

        tenant_pools_update = cls(
            pool_ids=pool_ids,
        )

        return tenant_pools_update
