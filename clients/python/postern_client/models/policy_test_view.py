from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.effective_policy import EffectivePolicy
    from ..models.policy_test_verdict import PolicyTestVerdict


T = TypeVar("T", bound="PolicyTestView")


@_attrs_define
class PolicyTestView:
    """What a worker would answer.

    Attributes:
        asks_next_hop (bool): The next hop would be asked about the recipient, and its answer decides; `recipient` is
            what holds where it cannot be
            asked. Example: False.
        domain_id (None | str):
        effective (EffectivePolicy | None):
        message (None | PolicyTestVerdict):
        recipient (PolicyTestVerdict): What would be said, by which rule and why.
        route_id (None | str):
        tenant_id (None | str):
    """

    asks_next_hop: bool
    domain_id: None | str
    effective: EffectivePolicy | None
    message: None | PolicyTestVerdict
    recipient: PolicyTestVerdict
    route_id: None | str
    tenant_id: None | str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.effective_policy import EffectivePolicy  # noqa: PLC0415
        from ..models.policy_test_verdict import PolicyTestVerdict  # noqa: PLC0415

        asks_next_hop = self.asks_next_hop

        domain_id: None | str
        domain_id = self.domain_id

        effective: dict[str, Any] | None
        if isinstance(self.effective, EffectivePolicy):
            effective = self.effective.to_dict()
        else:
            effective = self.effective

        message: dict[str, Any] | None
        if isinstance(self.message, PolicyTestVerdict):
            message = self.message.to_dict()
        else:
            message = self.message

        recipient = self.recipient.to_dict()

        route_id: None | str
        route_id = self.route_id

        tenant_id: None | str
        tenant_id = self.tenant_id

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "asks_next_hop": asks_next_hop,
                "domain_id": domain_id,
                "effective": effective,
                "message": message,
                "recipient": recipient,
                "route_id": route_id,
                "tenant_id": tenant_id,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.effective_policy import EffectivePolicy  # noqa: PLC0415
        from ..models.policy_test_verdict import PolicyTestVerdict  # noqa: PLC0415

        d = dict(src_dict)
        asks_next_hop = d.pop("asks_next_hop")

        def _parse_domain_id(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        domain_id = _parse_domain_id(d.pop("domain_id"))

        def _parse_effective(data: object) -> EffectivePolicy | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                effective_type_0 = EffectivePolicy.from_dict(data)

                return effective_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(EffectivePolicy | None, data)

        effective = _parse_effective(d.pop("effective"))

        def _parse_message(data: object) -> None | PolicyTestVerdict:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                message_type_0 = PolicyTestVerdict.from_dict(data)

                return message_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | PolicyTestVerdict, data)

        message = _parse_message(d.pop("message"))

        recipient = PolicyTestVerdict.from_dict(d.pop("recipient"))

        def _parse_route_id(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        route_id = _parse_route_id(d.pop("route_id"))

        def _parse_tenant_id(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        tenant_id = _parse_tenant_id(d.pop("tenant_id"))

        policy_test_view = cls(
            asks_next_hop=asks_next_hop,
            domain_id=domain_id,
            effective=effective,
            message=message,
            recipient=recipient,
            route_id=route_id,
            tenant_id=tenant_id,
        )

        policy_test_view.additional_properties = d
        return policy_test_view

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
