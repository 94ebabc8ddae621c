from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="RouteTest")


@_attrs_define
class RouteTest:
    """What to try.

    Example:
        {'recipient': 'anna@acme.example'}

    Attributes:
        pool_id (None | str | Unset):
        recipient (None | str | Unset): Whom RCPT names, at a domain that uses the route or belongs to its tenant. If
            left out, the postmaster of one of them.
    """

    pool_id: None | str | Unset = UNSET
    recipient: None | str | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        pool_id: None | str | Unset
        if isinstance(self.pool_id, Unset):
            pool_id = UNSET
        else:
            pool_id = self.pool_id

        recipient: None | str | Unset
        if isinstance(self.recipient, Unset):
            recipient = UNSET
        else:
            recipient = self.recipient

        field_dict: dict[str, Any] = {}

        field_dict.update({})
        if pool_id is not UNSET:
            field_dict["pool_id"] = pool_id
        if recipient is not UNSET:
            field_dict["recipient"] = recipient

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)

        def _parse_pool_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        pool_id = _parse_pool_id(d.pop("pool_id", UNSET))

        def _parse_recipient(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        recipient = _parse_recipient(d.pop("recipient", UNSET))

        route_test = cls(
            pool_id=pool_id,
            recipient=recipient,
        )

        return route_test
