from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="TenantSuspend")


@_attrs_define
class TenantSuspend:
    """How a tenant is suspended.

    Example:
        {'reason': 'invoice 4711', 'refuse_after_days': 14}

    Attributes:
        reason (None | str | Unset): A note for those who administer the tenant above it; nobody else sees it.
        refuse_after_days (int | None | Unset): Days after the suspension from which on mail is refused for good. null:
            never. Left out: as the installation is set.
    """

    reason: None | str | Unset = UNSET
    refuse_after_days: int | None | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        reason: None | str | Unset
        if isinstance(self.reason, Unset):
            reason = UNSET
        else:
            reason = self.reason

        refuse_after_days: int | None | Unset
        if isinstance(self.refuse_after_days, Unset):
            refuse_after_days = UNSET
        else:
            refuse_after_days = self.refuse_after_days

        field_dict: dict[str, Any] = {}

        field_dict.update({})
        if reason is not UNSET:
            field_dict["reason"] = reason
        if refuse_after_days is not UNSET:
            field_dict["refuse_after_days"] = refuse_after_days

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)

        def _parse_reason(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        reason = _parse_reason(d.pop("reason", UNSET))

        def _parse_refuse_after_days(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        refuse_after_days = _parse_refuse_after_days(d.pop("refuse_after_days", UNSET))

        tenant_suspend = cls(
            reason=reason,
            refuse_after_days=refuse_after_days,
        )

        return tenant_suspend
