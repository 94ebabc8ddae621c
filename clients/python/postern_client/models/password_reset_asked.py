from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="PasswordResetAsked")


@_attrs_define
class PasswordResetAsked:
    """What is said to whoever asks for a link: the same whether there is an account or not.

    Attributes:
        link_lifetime_s (int): Seconds for which a link that is mailed is good. Example: 1800.
    """

    link_lifetime_s: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        link_lifetime_s = self.link_lifetime_s

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "link_lifetime_s": link_lifetime_s,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        link_lifetime_s = d.pop("link_lifetime_s")

        password_reset_asked = cls(
            link_lifetime_s=link_lifetime_s,
        )

        password_reset_asked.additional_properties = d
        return password_reset_asked

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
