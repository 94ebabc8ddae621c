from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.known_certificate_state import KnownCertificateState

if TYPE_CHECKING:
    from ..models.certificate_name_view import CertificateNameView


T = TypeVar("T", bound="CertificateView")


@_attrs_define
class CertificateView:
    """A certificate. Its key is never shown.

    Attributes:
        created_at (datetime.datetime):
        days_left (int): Whole days; below zero when it has expired. Example: 61.
        fingerprint_sha256 (str): SHA-256 of the certificate, hexadecimal. Example:
            9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08.
        id (str):
        issuer (str):  Example: C=US, O=Let's Encrypt, CN=R11.
        key_type (str):  Example: ecdsa-p256.
        names (list[CertificateNameView]):
        not_after (datetime.datetime):
        not_before (datetime.datetime):
        serial_number (str): Hexadecimal. Example: 04a1b2.
        spki_sha256 (str): SHA-256 of its `SubjectPublicKeyInfo`, hexadecimal: what pins and TLSA 3 1 1 name. Example:
            60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752.
        state (KnownCertificateState | str): More may come.
        subject (str):  Example: CN=mx.acme.example.
        tenant_id (None | str):
        updated_at (datetime.datetime):
    """

    created_at: datetime.datetime
    days_left: int
    fingerprint_sha256: str
    id: str
    issuer: str
    key_type: str
    names: list[CertificateNameView]
    not_after: datetime.datetime
    not_before: datetime.datetime
    serial_number: str
    spki_sha256: str
    state: KnownCertificateState | str
    subject: str
    tenant_id: None | str
    updated_at: datetime.datetime
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        created_at = self.created_at.isoformat()

        days_left = self.days_left

        fingerprint_sha256 = self.fingerprint_sha256

        id = self.id

        issuer = self.issuer

        key_type = self.key_type

        names = []
        for names_item_data in self.names:
            names_item = names_item_data.to_dict()
            names.append(names_item)

        not_after = self.not_after.isoformat()

        not_before = self.not_before.isoformat()

        serial_number = self.serial_number

        spki_sha256 = self.spki_sha256

        state: str
        if isinstance(self.state, KnownCertificateState):
            state = self.state.value
        else:
            state = self.state

        subject = self.subject

        tenant_id: None | str
        tenant_id = self.tenant_id

        updated_at = self.updated_at.isoformat()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "created_at": created_at,
                "days_left": days_left,
                "fingerprint_sha256": fingerprint_sha256,
                "id": id,
                "issuer": issuer,
                "key_type": key_type,
                "names": names,
                "not_after": not_after,
                "not_before": not_before,
                "serial_number": serial_number,
                "spki_sha256": spki_sha256,
                "state": state,
                "subject": subject,
                "tenant_id": tenant_id,
                "updated_at": updated_at,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.certificate_name_view import CertificateNameView  # noqa: PLC0415

        d = dict(src_dict)
        created_at = datetime.datetime.fromisoformat(d.pop("created_at"))

        days_left = d.pop("days_left")

        fingerprint_sha256 = d.pop("fingerprint_sha256")

        id = d.pop("id")

        issuer = d.pop("issuer")

        key_type = d.pop("key_type")

        names = []
        _names = d.pop("names")
        for names_item_data in _names:
            names_item = CertificateNameView.from_dict(names_item_data)

            names.append(names_item)

        not_after = datetime.datetime.fromisoformat(d.pop("not_after"))

        not_before = datetime.datetime.fromisoformat(d.pop("not_before"))

        serial_number = d.pop("serial_number")

        spki_sha256 = d.pop("spki_sha256")

        def _parse_state(data: object) -> KnownCertificateState | str:
            try:
                if not isinstance(data, str):
                    raise TypeError()
                componentsschemas_certificate_state_type_0 = KnownCertificateState(data)

                return componentsschemas_certificate_state_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(KnownCertificateState | str, data)

        state = _parse_state(d.pop("state"))

        subject = d.pop("subject")

        def _parse_tenant_id(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        tenant_id = _parse_tenant_id(d.pop("tenant_id"))

        updated_at = datetime.datetime.fromisoformat(d.pop("updated_at"))

        certificate_view = cls(
            created_at=created_at,
            days_left=days_left,
            fingerprint_sha256=fingerprint_sha256,
            id=id,
            issuer=issuer,
            key_type=key_type,
            names=names,
            not_after=not_after,
            not_before=not_before,
            serial_number=serial_number,
            spki_sha256=spki_sha256,
            state=state,
            subject=subject,
            tenant_id=tenant_id,
            updated_at=updated_at,
        )

        certificate_view.additional_properties = d
        return certificate_view

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
