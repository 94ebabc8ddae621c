from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="TenantLimitsUpdate")


@_attrs_define
class TenantLimitsUpdate:
    """How much a tenant may have. What is left out or null has no limit here; those of the tenants above hold as well.

    Example:
        {'max_domains': 50, 'max_recipients': 20000}

    Attributes:
        max_domains (int | None | Unset): Domains of the tenant and of all below it, in whatever state.
        max_recipients (int | None | Unset): Recipients of all these domains.
    """

    max_domains: int | None | Unset = UNSET
    max_recipients: int | None | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        max_domains: int | None | Unset
        if isinstance(self.max_domains, Unset):
            max_domains = UNSET
        else:
            max_domains = self.max_domains

        max_recipients: int | None | Unset
        if isinstance(self.max_recipients, Unset):
            max_recipients = UNSET
        else:
            max_recipients = self.max_recipients

        field_dict: dict[str, Any] = {}

        field_dict.update({})
        if max_domains is not UNSET:
            field_dict["max_domains"] = max_domains
        if max_recipients is not UNSET:
            field_dict["max_recipients"] = max_recipients

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)

        def _parse_max_domains(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        max_domains = _parse_max_domains(d.pop("max_domains", UNSET))

        def _parse_max_recipients(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        max_recipients = _parse_max_recipients(d.pop("max_recipients", UNSET))

        tenant_limits_update = cls(
            max_domains=max_domains,
            max_recipients=max_recipients,
        )

        return tenant_limits_update
