from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.known_alias_domain_hop import KnownAliasDomainHop
from ..models.known_recipient_mode import KnownRecipientMode
from ..models.known_unasked import KnownUnasked

if TYPE_CHECKING:
    from ..models.domain_verification import DomainVerification
    from ..models.labels import Labels


T = TypeVar("T", bound="DomainView")


@_attrs_define
class DomainView:
    """A domain.

    Attributes:
        activated_at (datetime.datetime | None):
        alias_hop_sees (KnownAliasDomainHop | None | str):
        alias_of (None | str):
        call_out_unavailable (KnownUnasked | None | str):
        closes_at (datetime.datetime | None):
        created_at (datetime.datetime):
        external_ref (None | str):  Example: D-7.
        id (str):
        labels (Labels): Labels by name: up to 32, values of up to 255 bytes. Example: {'plan': 'gold'}.
        name (str): A-label form. Example: acme.example.
        ownership_lost_at (datetime.datetime | None):
        recipients (KnownRecipientMode | str): Which recipients a domain has. More may come.
        route_id (None | str):
        state (str): `pending`, `active` or `closing`. More may come. Example: pending.
        tenant_id (str):
        unicode_name (str): The form for people. Example: acme.example.
        verification (DomainVerification): How the tenant proves that it holds the domain.
    """

    activated_at: datetime.datetime | None
    alias_hop_sees: KnownAliasDomainHop | None | str
    alias_of: None | str
    call_out_unavailable: KnownUnasked | None | str
    closes_at: datetime.datetime | None
    created_at: datetime.datetime
    external_ref: None | str
    id: str
    labels: Labels
    name: str
    ownership_lost_at: datetime.datetime | None
    recipients: KnownRecipientMode | str
    route_id: None | str
    state: str
    tenant_id: str
    unicode_name: str
    verification: DomainVerification
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        activated_at: None | str
        if isinstance(self.activated_at, datetime.datetime):
            activated_at = self.activated_at.isoformat()
        else:
            activated_at = self.activated_at

        alias_hop_sees: None | str
        if isinstance(self.alias_hop_sees, KnownAliasDomainHop):
            alias_hop_sees = self.alias_hop_sees.value
        else:
            alias_hop_sees = self.alias_hop_sees

        alias_of: None | str
        alias_of = self.alias_of

        call_out_unavailable: None | str
        if isinstance(self.call_out_unavailable, KnownUnasked):
            call_out_unavailable = self.call_out_unavailable.value
        else:
            call_out_unavailable = self.call_out_unavailable

        closes_at: None | str
        if isinstance(self.closes_at, datetime.datetime):
            closes_at = self.closes_at.isoformat()
        else:
            closes_at = self.closes_at

        created_at = self.created_at.isoformat()

        external_ref: None | str
        external_ref = self.external_ref

        id = self.id

        labels = self.labels.to_dict()

        name = self.name

        ownership_lost_at: None | str
        if isinstance(self.ownership_lost_at, datetime.datetime):
            ownership_lost_at = self.ownership_lost_at.isoformat()
        else:
            ownership_lost_at = self.ownership_lost_at

        recipients: str
        if isinstance(self.recipients, KnownRecipientMode):
            recipients = self.recipients.value
        else:
            recipients = self.recipients

        route_id: None | str
        route_id = self.route_id

        state = self.state

        tenant_id = self.tenant_id

        unicode_name = self.unicode_name

        verification = self.verification.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "activated_at": activated_at,
                "alias_hop_sees": alias_hop_sees,
                "alias_of": alias_of,
                "call_out_unavailable": call_out_unavailable,
                "closes_at": closes_at,
                "created_at": created_at,
                "external_ref": external_ref,
                "id": id,
                "labels": labels,
                "name": name,
                "ownership_lost_at": ownership_lost_at,
                "recipients": recipients,
                "route_id": route_id,
                "state": state,
                "tenant_id": tenant_id,
                "unicode_name": unicode_name,
                "verification": verification,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.domain_verification import DomainVerification  # noqa: PLC0415
        from ..models.labels import Labels  # noqa: PLC0415

        d = dict(src_dict)

        def _parse_activated_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                activated_at_type_0 = datetime.datetime.fromisoformat(data)

                return activated_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        activated_at = _parse_activated_at(d.pop("activated_at"))

        def _parse_alias_hop_sees(data: object) -> KnownAliasDomainHop | None | str:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                componentsschemas_alias_domain_hop_type_0 = KnownAliasDomainHop(data)

                return componentsschemas_alias_domain_hop_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(KnownAliasDomainHop | None | str, data)

        alias_hop_sees = _parse_alias_hop_sees(d.pop("alias_hop_sees"))

        def _parse_alias_of(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        alias_of = _parse_alias_of(d.pop("alias_of"))

        def _parse_call_out_unavailable(data: object) -> KnownUnasked | None | str:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                componentsschemas_unasked_type_0 = KnownUnasked(data)

                return componentsschemas_unasked_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(KnownUnasked | None | str, data)

        call_out_unavailable = _parse_call_out_unavailable(d.pop("call_out_unavailable"))

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

        labels = Labels.from_dict(d.pop("labels"))

        name = d.pop("name")

        def _parse_ownership_lost_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                ownership_lost_at_type_0 = datetime.datetime.fromisoformat(data)

                return ownership_lost_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        ownership_lost_at = _parse_ownership_lost_at(d.pop("ownership_lost_at"))

        def _parse_recipients(data: object) -> KnownRecipientMode | str:
            try:
                if not isinstance(data, str):
                    raise TypeError()
                componentsschemas_recipient_mode_type_0 = KnownRecipientMode(data)

                return componentsschemas_recipient_mode_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(KnownRecipientMode | str, data)

        recipients = _parse_recipients(d.pop("recipients"))

        def _parse_route_id(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        route_id = _parse_route_id(d.pop("route_id"))

        state = d.pop("state")

        tenant_id = d.pop("tenant_id")

        unicode_name = d.pop("unicode_name")

        verification = DomainVerification.from_dict(d.pop("verification"))

        domain_view = cls(
            activated_at=activated_at,
            alias_hop_sees=alias_hop_sees,
            alias_of=alias_of,
            call_out_unavailable=call_out_unavailable,
            closes_at=closes_at,
            created_at=created_at,
            external_ref=external_ref,
            id=id,
            labels=labels,
            name=name,
            ownership_lost_at=ownership_lost_at,
            recipients=recipients,
            route_id=route_id,
            state=state,
            tenant_id=tenant_id,
            unicode_name=unicode_name,
            verification=verification,
        )

        domain_view.additional_properties = d
        return domain_view

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
