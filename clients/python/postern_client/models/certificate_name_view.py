from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="CertificateNameView")


@_attrs_define
class CertificateNameView:
    """A name that a certificate bears.

    Attributes:
        domain_id (None | str):
        is_shown (bool): A tenant's certificate is shown only for names within its own active domains; a domain may have
            gone since. Example: True.
        name (str):  Example: *.acme.example.
    """

    domain_id: None | str
    is_shown: bool
    name: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        domain_id: None | str
        domain_id = self.domain_id

        is_shown = self.is_shown

        name = self.name

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "domain_id": domain_id,
                "is_shown": is_shown,
                "name": name,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)

        def _parse_domain_id(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        domain_id = _parse_domain_id(d.pop("domain_id"))

        is_shown = d.pop("is_shown")

        name = d.pop("name")

        certificate_name_view = cls(
            domain_id=domain_id,
            is_shown=is_shown,
            name=name,
        )

        certificate_name_view.additional_properties = d
        return certificate_name_view

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
