from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.known_domain_dns_status import KnownDomainDnsStatus

T = TypeVar("T", bound="DomainDnsRow")


@_attrs_define
class DomainDnsRow:
    """One kind of record.

    Attributes:
        expected (list[str]): The records that should be there: texts, or preference and host. Empty if
            `not_configured`. Example: ['10 mx1.provider.example.'].
        found (list[str]): The records of this kind that are there, 20 at most. Example: ['10 mail.acme.example.'].
        is_required (bool): False: the domain's mail is taken without it. Example: True.
        message (None | str): For people: what is different, or why DNS could not be asked. Example: not among them:
            mx1.provider.example.
        record_name (str):  Example: acme.example.
        record_type (str):  Example: MX.
        status (KnownDomainDnsStatus | str): How a record stands. More may come.
    """

    expected: list[str]
    found: list[str]
    is_required: bool
    message: None | str
    record_name: str
    record_type: str
    status: KnownDomainDnsStatus | str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        expected = self.expected

        found = self.found

        is_required = self.is_required

        message: None | str
        message = self.message

        record_name = self.record_name

        record_type = self.record_type

        status: str
        if isinstance(self.status, KnownDomainDnsStatus):
            status = self.status.value
        else:
            status = self.status

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "expected": expected,
                "found": found,
                "is_required": is_required,
                "message": message,
                "record_name": record_name,
                "record_type": record_type,
                "status": status,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        expected = cast(list[str], d.pop("expected"))

        found = cast(list[str], d.pop("found"))

        is_required = d.pop("is_required")

        def _parse_message(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        message = _parse_message(d.pop("message"))

        record_name = d.pop("record_name")

        record_type = d.pop("record_type")

        def _parse_status(data: object) -> KnownDomainDnsStatus | str:
            try:
                if not isinstance(data, str):
                    raise TypeError()
                componentsschemas_domain_dns_status_type_0 = KnownDomainDnsStatus(data)

                return componentsschemas_domain_dns_status_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(KnownDomainDnsStatus | str, data)

        status = _parse_status(d.pop("status"))

        domain_dns_row = cls(
            expected=expected,
            found=found,
            is_required=is_required,
            message=message,
            record_name=record_name,
            record_type=record_type,
            status=status,
        )

        domain_dns_row.additional_properties = d
        return domain_dns_row

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
