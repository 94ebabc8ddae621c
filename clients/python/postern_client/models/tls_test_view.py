from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="TlsTestView")


@_attrs_define
class TlsTestView:
    """TLS, and the certificate that was shown.

    Attributes:
        cipher (str):  Example: TLS13_AES_256_GCM_SHA384.
        client_certificate_asked (bool | None): The next hop asked for a client certificate. Null where the worker does
            not tell. Example: False.
        client_certificate_shown (bool | None): The route's certificate was shown to it. Example: False.
        failure (None | str):
        issuer (str):  Example: C=US, O=Let's Encrypt, CN=R11.
        names (list[str]):  Example: ['mx.acme.example'].
        not_after (datetime.datetime | None):
        verifies (bool): By the route's trust; where it asks for none, by the public PKI and the host's name. Example:
            True.
        version (str):  Example: TLSv1.3.
    """

    cipher: str
    client_certificate_asked: bool | None
    client_certificate_shown: bool | None
    failure: None | str
    issuer: str
    names: list[str]
    not_after: datetime.datetime | None
    verifies: bool
    version: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        cipher = self.cipher

        client_certificate_asked: bool | None
        client_certificate_asked = self.client_certificate_asked

        client_certificate_shown: bool | None
        client_certificate_shown = self.client_certificate_shown

        failure: None | str
        failure = self.failure

        issuer = self.issuer

        names = self.names

        not_after: None | str
        if isinstance(self.not_after, datetime.datetime):
            not_after = self.not_after.isoformat()
        else:
            not_after = self.not_after

        verifies = self.verifies

        version = self.version

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "cipher": cipher,
                "client_certificate_asked": client_certificate_asked,
                "client_certificate_shown": client_certificate_shown,
                "failure": failure,
                "issuer": issuer,
                "names": names,
                "not_after": not_after,
                "verifies": verifies,
                "version": version,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        cipher = d.pop("cipher")

        def _parse_client_certificate_asked(data: object) -> bool | None:
            if data is None:
                return data
            return cast(bool | None, data)

        client_certificate_asked = _parse_client_certificate_asked(d.pop("client_certificate_asked"))

        def _parse_client_certificate_shown(data: object) -> bool | None:
            if data is None:
                return data
            return cast(bool | None, data)

        client_certificate_shown = _parse_client_certificate_shown(d.pop("client_certificate_shown"))

        def _parse_failure(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        failure = _parse_failure(d.pop("failure"))

        issuer = d.pop("issuer")

        names = cast(list[str], d.pop("names"))

        def _parse_not_after(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                not_after_type_0 = datetime.datetime.fromisoformat(data)

                return not_after_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        not_after = _parse_not_after(d.pop("not_after"))

        verifies = d.pop("verifies")

        version = d.pop("version")

        tls_test_view = cls(
            cipher=cipher,
            client_certificate_asked=client_certificate_asked,
            client_certificate_shown=client_certificate_shown,
            failure=failure,
            issuer=issuer,
            names=names,
            not_after=not_after,
            verifies=verifies,
            version=version,
        )

        tls_test_view.additional_properties = d
        return tls_test_view

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
