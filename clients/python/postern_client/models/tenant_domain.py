from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.known_recipient_mode import KnownRecipientMode
from ..models.known_unasked import KnownUnasked
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.labels import Labels


T = TypeVar("T", bound="TenantDomain")


@_attrs_define
class TenantDomain:
    """The first domain of the new tenant; as in `POST /v1/domains`.

    Attributes:
        name (str): U-labels or A-labels.
        call_out_unavailable (KnownUnasked | None | str | Unset):
        external_ref (None | str | Unset): The number in your own system, unique in the tenant.
        labels (Labels | Unset): Labels by name: up to 32, values of up to 255 bytes. Example: {'plan': 'gold'}.
        recipients (KnownRecipientMode | None | str | Unset):
        route_id (None | str | Unset):
    """

    name: str
    call_out_unavailable: KnownUnasked | None | str | Unset = UNSET
    external_ref: None | str | Unset = UNSET
    labels: Labels | Unset = UNSET
    recipients: KnownRecipientMode | None | str | Unset = UNSET
    route_id: None | str | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        name = self.name

        call_out_unavailable: None | str | Unset
        if isinstance(self.call_out_unavailable, Unset):
            call_out_unavailable = UNSET
        elif isinstance(self.call_out_unavailable, KnownUnasked):
            call_out_unavailable = self.call_out_unavailable.value
        else:
            call_out_unavailable = self.call_out_unavailable

        external_ref: None | str | Unset
        if isinstance(self.external_ref, Unset):
            external_ref = UNSET
        else:
            external_ref = self.external_ref

        labels: dict[str, Any] | Unset = UNSET
        if not isinstance(self.labels, Unset):
            labels = self.labels.to_dict()

        recipients: None | str | Unset
        if isinstance(self.recipients, Unset):
            recipients = UNSET
        elif isinstance(self.recipients, KnownRecipientMode):
            recipients = self.recipients.value
        else:
            recipients = self.recipients

        route_id: None | str | Unset
        if isinstance(self.route_id, Unset):
            route_id = UNSET
        else:
            route_id = self.route_id

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "name": name,
            }
        )
        if call_out_unavailable is not UNSET:
            field_dict["call_out_unavailable"] = call_out_unavailable
        if external_ref is not UNSET:
            field_dict["external_ref"] = external_ref
        if labels is not UNSET:
            field_dict["labels"] = labels
        if recipients is not UNSET:
            field_dict["recipients"] = recipients
        if route_id is not UNSET:
            field_dict["route_id"] = route_id

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.labels import Labels  # noqa: PLC0415

        d = dict(src_dict)
        name = d.pop("name")

        def _parse_call_out_unavailable(data: object) -> KnownUnasked | None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                componentsschemas_unasked_type_0 = KnownUnasked(data)

                return componentsschemas_unasked_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(KnownUnasked | None | str | Unset, data)

        call_out_unavailable = _parse_call_out_unavailable(d.pop("call_out_unavailable", UNSET))

        def _parse_external_ref(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        external_ref = _parse_external_ref(d.pop("external_ref", UNSET))

        _labels = d.pop("labels", UNSET)
        labels: Labels | Unset
        if isinstance(_labels, Unset):
            labels = UNSET
        else:
            labels = Labels.from_dict(_labels)

        def _parse_recipients(data: object) -> KnownRecipientMode | None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                componentsschemas_recipient_mode_type_0 = KnownRecipientMode(data)

                return componentsschemas_recipient_mode_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(KnownRecipientMode | None | str | Unset, data)

        recipients = _parse_recipients(d.pop("recipients", UNSET))

        def _parse_route_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        route_id = _parse_route_id(d.pop("route_id", UNSET))

        tenant_domain = cls(
            name=name,
            call_out_unavailable=call_out_unavailable,
            external_ref=external_ref,
            labels=labels,
            recipients=recipients,
            route_id=route_id,
        )

        return tenant_domain
