from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.tenant_administrator import TenantAdministrator
    from ..models.tenant_create import TenantCreate
    from ..models.tenant_domain import TenantDomain
    from ..models.tenant_limits_update import TenantLimitsUpdate


T = TypeVar("T", bound="TenantOnboard")


@_attrs_define
class TenantOnboard:
    """A tenant with what it begins with.

    Example:
        {'administrator': {'email': 'anna@acme.example'}, 'domain': {'name': 'acme.example'}, 'tenant': {'external_ref':
            'K-1043', 'name': 'Acme Ltd'}}

    Attributes:
        tenant (TenantCreate): A new tenant. Example: {'external_ref': 'K-1042', 'labels': {'plan': 'gold'}, 'name':
            'Acme Ltd'}.
        administrator (None | TenantAdministrator | Unset):
        domain (None | TenantDomain | Unset):
        limits (None | TenantLimitsUpdate | Unset):
    """

    tenant: TenantCreate
    administrator: None | TenantAdministrator | Unset = UNSET
    domain: None | TenantDomain | Unset = UNSET
    limits: None | TenantLimitsUpdate | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        from ..models.tenant_administrator import TenantAdministrator  # noqa: PLC0415
        from ..models.tenant_domain import TenantDomain  # noqa: PLC0415
        from ..models.tenant_limits_update import TenantLimitsUpdate  # noqa: PLC0415

        tenant = self.tenant.to_dict()

        administrator: dict[str, Any] | None | Unset
        if isinstance(self.administrator, Unset):
            administrator = UNSET
        elif isinstance(self.administrator, TenantAdministrator):
            administrator = self.administrator.to_dict()
        else:
            administrator = self.administrator

        domain: dict[str, Any] | None | Unset
        if isinstance(self.domain, Unset):
            domain = UNSET
        elif isinstance(self.domain, TenantDomain):
            domain = self.domain.to_dict()
        else:
            domain = self.domain

        limits: dict[str, Any] | None | Unset
        if isinstance(self.limits, Unset):
            limits = UNSET
        elif isinstance(self.limits, TenantLimitsUpdate):
            limits = self.limits.to_dict()
        else:
            limits = self.limits

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "tenant": tenant,
            }
        )
        if administrator is not UNSET:
            field_dict["administrator"] = administrator
        if domain is not UNSET:
            field_dict["domain"] = domain
        if limits is not UNSET:
            field_dict["limits"] = limits

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.tenant_administrator import TenantAdministrator  # noqa: PLC0415
        from ..models.tenant_create import TenantCreate  # noqa: PLC0415
        from ..models.tenant_domain import TenantDomain  # noqa: PLC0415
        from ..models.tenant_limits_update import TenantLimitsUpdate  # noqa: PLC0415

        d = dict(src_dict)
        tenant = TenantCreate.from_dict(d.pop("tenant"))

        def _parse_administrator(data: object) -> None | TenantAdministrator | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                administrator_type_0 = TenantAdministrator.from_dict(data)

                return administrator_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | TenantAdministrator | Unset, data)

        administrator = _parse_administrator(d.pop("administrator", UNSET))

        def _parse_domain(data: object) -> None | TenantDomain | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                domain_type_0 = TenantDomain.from_dict(data)

                return domain_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | TenantDomain | Unset, data)

        domain = _parse_domain(d.pop("domain", UNSET))

        def _parse_limits(data: object) -> None | TenantLimitsUpdate | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                limits_type_0 = TenantLimitsUpdate.from_dict(data)

                return limits_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | TenantLimitsUpdate | Unset, data)

        limits = _parse_limits(d.pop("limits", UNSET))

        tenant_onboard = cls(
            tenant=tenant,
            administrator=administrator,
            domain=domain,
            limits=limits,
        )

        return tenant_onboard
