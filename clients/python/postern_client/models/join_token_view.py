from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="JoinTokenView")


@_attrs_define
class JoinTokenView:
    """
    Attributes:
        address_ranges (list[str]):
        created_at (datetime.datetime):
        expires_at (datetime.datetime):
        id (str):
        name (str):  Example: workers in Paris.
        pool_id (str):
        uses_left (int):  Example: 100.
    """

    address_ranges: list[str]
    created_at: datetime.datetime
    expires_at: datetime.datetime
    id: str
    name: str
    pool_id: str
    uses_left: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        address_ranges = self.address_ranges

        created_at = self.created_at.isoformat()

        expires_at = self.expires_at.isoformat()

        id = self.id

        name = self.name

        pool_id = self.pool_id

        uses_left = self.uses_left

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "address_ranges": address_ranges,
                "created_at": created_at,
                "expires_at": expires_at,
                "id": id,
                "name": name,
                "pool_id": pool_id,
                "uses_left": uses_left,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        address_ranges = cast(list[str], d.pop("address_ranges"))

        created_at = datetime.datetime.fromisoformat(d.pop("created_at"))

        expires_at = datetime.datetime.fromisoformat(d.pop("expires_at"))

        id = d.pop("id")

        name = d.pop("name")

        pool_id = d.pop("pool_id")

        uses_left = d.pop("uses_left")

        join_token_view = cls(
            address_ranges=address_ranges,
            created_at=created_at,
            expires_at=expires_at,
            id=id,
            name=name,
            pool_id=pool_id,
            uses_left=uses_left,
        )

        join_token_view.additional_properties = d
        return join_token_view

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
