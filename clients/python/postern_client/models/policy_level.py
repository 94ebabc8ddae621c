from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.known_policy_level_kind import KnownPolicyLevelKind

T = TypeVar("T", bound="PolicyLevel")


@_attrs_define
class PolicyLevel:
    """A level of policy.

    Example:
        {'id': 'ten_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f', 'level': 'tenant'}

    Attributes:
        id (None | str): Of the tenant or the domain; null as well for a tenant above yours.
        level (KnownPolicyLevelKind | str): What a level is. More may come.
    """

    id: None | str
    level: KnownPolicyLevelKind | str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id: None | str
        id = self.id

        level: str
        if isinstance(self.level, KnownPolicyLevelKind):
            level = self.level.value
        else:
            level = self.level

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "level": level,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)

        def _parse_id(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        id = _parse_id(d.pop("id"))

        def _parse_level(data: object) -> KnownPolicyLevelKind | str:
            try:
                if not isinstance(data, str):
                    raise TypeError()
                componentsschemas_policy_level_kind_type_0 = KnownPolicyLevelKind(data)

                return componentsschemas_policy_level_kind_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(KnownPolicyLevelKind | str, data)

        level = _parse_level(d.pop("level"))

        policy_level = cls(
            id=id,
            level=level,
        )

        policy_level.additional_properties = d
        return policy_level

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
