from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.domain_view import DomainView
    from ..models.invitation_view import InvitationView
    from ..models.tenant_view import TenantView


T = TypeVar("T", bound="TenantOnboarded")


@_attrs_define
class TenantOnboarded:
    """What was made.

    Attributes:
        domain (DomainView | None):
        invitation (InvitationView | None):
        tenant (TenantView): A tenant.
    """

    domain: DomainView | None
    invitation: InvitationView | None
    tenant: TenantView
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.domain_view import DomainView  # noqa: PLC0415
        from ..models.invitation_view import InvitationView  # noqa: PLC0415

        domain: dict[str, Any] | None
        if isinstance(self.domain, DomainView):
            domain = self.domain.to_dict()
        else:
            domain = self.domain

        invitation: dict[str, Any] | None
        if isinstance(self.invitation, InvitationView):
            invitation = self.invitation.to_dict()
        else:
            invitation = self.invitation

        tenant = self.tenant.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "domain": domain,
                "invitation": invitation,
                "tenant": tenant,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.domain_view import DomainView  # noqa: PLC0415
        from ..models.invitation_view import InvitationView  # noqa: PLC0415
        from ..models.tenant_view import TenantView  # noqa: PLC0415

        d = dict(src_dict)

        def _parse_domain(data: object) -> DomainView | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                domain_type_0 = DomainView.from_dict(data)

                return domain_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(DomainView | None, data)

        domain = _parse_domain(d.pop("domain"))

        def _parse_invitation(data: object) -> InvitationView | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                invitation_type_0 = InvitationView.from_dict(data)

                return invitation_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(InvitationView | None, data)

        invitation = _parse_invitation(d.pop("invitation"))

        tenant = TenantView.from_dict(d.pop("tenant"))

        tenant_onboarded = cls(
            domain=domain,
            invitation=invitation,
            tenant=tenant,
        )

        tenant_onboarded.additional_properties = d
        return tenant_onboarded

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
