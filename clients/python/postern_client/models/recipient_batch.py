from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.recipient_create import RecipientCreate


T = TypeVar("T", bound="RecipientBatch")


@_attrs_define
class RecipientBatch:
    """Up to 500 recipients in one call.

    Example:
        {'items': [{'address': 'anna@acme.example'}, {'address': 'ben@acme.example'}]}

    Attributes:
        items (list[RecipientCreate]):
    """

    items: list[RecipientCreate]

    def to_dict(self) -> dict[str, Any]:
        items = []
        for items_item_data in self.items:
            items_item = items_item_data.to_dict()
            items.append(items_item)

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "items": items,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.recipient_create import RecipientCreate  # noqa: PLC0415

        d = dict(src_dict)
        items = []
        _items = d.pop("items")
        for items_item_data in _items:
            items_item = RecipientCreate.from_dict(items_item_data)

            items.append(items_item)

        recipient_batch = cls(
            items=items,
        )

        return recipient_batch
