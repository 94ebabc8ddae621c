from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.known_inbound_tls import KnownInboundTls

if TYPE_CHECKING:
    from ..models.policy_level import PolicyLevel


T = TypeVar("T", bound="EffectiveInboundTls")


@_attrs_define
class EffectiveInboundTls:
    """A value that holds.

    Attributes:
        from_ (PolicyLevel): A level of policy. Example: {'id': 'ten_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f', 'level':
            'tenant'}.
        locked_by (None | PolicyLevel):
        value (KnownInboundTls | str): What is demanded of a sender's session. More may come.
    """

    from_: PolicyLevel
    locked_by: None | PolicyLevel
    value: KnownInboundTls | str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.policy_level import PolicyLevel  # noqa: PLC0415

        from_ = self.from_.to_dict()

        locked_by: dict[str, Any] | None
        if isinstance(self.locked_by, PolicyLevel):
            locked_by = self.locked_by.to_dict()
        else:
            locked_by = self.locked_by

        value: str
        if isinstance(self.value, KnownInboundTls):
            value = self.value.value
        else:
            value = self.value

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "from": from_,
                "locked_by": locked_by,
                "value": value,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.policy_level import PolicyLevel  # noqa: PLC0415

        d = dict(src_dict)
        from_ = PolicyLevel.from_dict(d.pop("from"))

        def _parse_locked_by(data: object) -> None | PolicyLevel:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                locked_by_type_0 = PolicyLevel.from_dict(data)

                return locked_by_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | PolicyLevel, data)

        locked_by = _parse_locked_by(d.pop("locked_by"))

        def _parse_value(data: object) -> KnownInboundTls | str:
            try:
                if not isinstance(data, str):
                    raise TypeError()
                componentsschemas_inbound_tls_type_0 = KnownInboundTls(data)

                return componentsschemas_inbound_tls_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(KnownInboundTls | str, data)

        value = _parse_value(d.pop("value"))

        effective_inbound_tls = cls(
            from_=from_,
            locked_by=locked_by,
            value=value,
        )

        effective_inbound_tls.additional_properties = d
        return effective_inbound_tls

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
