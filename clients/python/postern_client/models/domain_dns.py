from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.domain_dns_row import DomainDnsRow


T = TypeVar("T", bound="DomainDns")


@_attrs_define
class DomainDns:
    """What stands in DNS for a domain, beside what should.

    Attributes:
        at (datetime.datetime):
        domain_id (str):
        mx (DomainDnsRow): One kind of record.
        name (str):  Example: acme.example.
        ownership (DomainDnsRow): One kind of record.
        spf (DomainDnsRow): One kind of record.
    """

    at: datetime.datetime
    domain_id: str
    mx: DomainDnsRow
    name: str
    ownership: DomainDnsRow
    spf: DomainDnsRow
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        at = self.at.isoformat()

        domain_id = self.domain_id

        mx = self.mx.to_dict()

        name = self.name

        ownership = self.ownership.to_dict()

        spf = self.spf.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "at": at,
                "domain_id": domain_id,
                "mx": mx,
                "name": name,
                "ownership": ownership,
                "spf": spf,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.domain_dns_row import DomainDnsRow  # noqa: PLC0415

        d = dict(src_dict)
        at = datetime.datetime.fromisoformat(d.pop("at"))

        domain_id = d.pop("domain_id")

        mx = DomainDnsRow.from_dict(d.pop("mx"))

        name = d.pop("name")

        ownership = DomainDnsRow.from_dict(d.pop("ownership"))

        spf = DomainDnsRow.from_dict(d.pop("spf"))

        domain_dns = cls(
            at=at,
            domain_id=domain_id,
            mx=mx,
            name=name,
            ownership=ownership,
            spf=spf,
        )

        domain_dns.additional_properties = d
        return domain_dns

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
