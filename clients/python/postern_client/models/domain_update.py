from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.known_alias_domain_hop import KnownAliasDomainHop
from ..models.known_recipient_mode import KnownRecipientMode
from ..models.known_unasked import KnownUnasked
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.labels_update import LabelsUpdate


T = TypeVar("T", bound="DomainUpdate")


@_attrs_define
class DomainUpdate:
    """A merge patch: what is left out stays.

    Example:
        {'recipients': 'any'}

    Attributes:
        alias_hop_sees (KnownAliasDomainHop | None | str | Unset):
        alias_of (None | str | Unset):
        call_out_unavailable (KnownUnasked | None | str | Unset):
        external_ref (None | str | Unset): null takes it away.
        labels (LabelsUpdate | None | Unset):
        recipients (KnownRecipientMode | None | str | Unset):
        route_id (None | str | Unset):
    """

    alias_hop_sees: KnownAliasDomainHop | None | str | Unset = UNSET
    alias_of: None | str | Unset = UNSET
    call_out_unavailable: KnownUnasked | None | str | Unset = UNSET
    external_ref: None | str | Unset = UNSET
    labels: LabelsUpdate | None | Unset = UNSET
    recipients: KnownRecipientMode | None | str | Unset = UNSET
    route_id: None | str | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        from ..models.labels_update import LabelsUpdate  # noqa: PLC0415

        alias_hop_sees: None | str | Unset
        if isinstance(self.alias_hop_sees, Unset):
            alias_hop_sees = UNSET
        elif isinstance(self.alias_hop_sees, KnownAliasDomainHop):
            alias_hop_sees = self.alias_hop_sees.value
        else:
            alias_hop_sees = self.alias_hop_sees

        alias_of: None | str | Unset
        if isinstance(self.alias_of, Unset):
            alias_of = UNSET
        else:
            alias_of = self.alias_of

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

        labels: dict[str, Any] | None | Unset
        if isinstance(self.labels, Unset):
            labels = UNSET
        elif isinstance(self.labels, LabelsUpdate):
            labels = self.labels.to_dict()
        else:
            labels = self.labels

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

        field_dict.update({})
        if alias_hop_sees is not UNSET:
            field_dict["alias_hop_sees"] = alias_hop_sees
        if alias_of is not UNSET:
            field_dict["alias_of"] = alias_of
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
        from ..models.labels_update import LabelsUpdate  # noqa: PLC0415

        d = dict(src_dict)

        def _parse_alias_hop_sees(data: object) -> KnownAliasDomainHop | None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                componentsschemas_alias_domain_hop_type_0 = KnownAliasDomainHop(data)

                return componentsschemas_alias_domain_hop_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(KnownAliasDomainHop | None | str | Unset, data)

        alias_hop_sees = _parse_alias_hop_sees(d.pop("alias_hop_sees", UNSET))

        def _parse_alias_of(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        alias_of = _parse_alias_of(d.pop("alias_of", UNSET))

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

        def _parse_labels(data: object) -> LabelsUpdate | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                labels_type_0 = LabelsUpdate.from_dict(data)

                return labels_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(LabelsUpdate | None | Unset, data)

        labels = _parse_labels(d.pop("labels", UNSET))

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

        domain_update = cls(
            alias_hop_sees=alias_hop_sees,
            alias_of=alias_of,
            call_out_unavailable=call_out_unavailable,
            external_ref=external_ref,
            labels=labels,
            recipients=recipients,
            route_id=route_id,
        )

        return domain_update
