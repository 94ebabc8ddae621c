from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="CertificateCreate")


@_attrs_define
class CertificateCreate:
    """ A certificate and its key.

        Example:
            {'chain': '-----BEGIN CERTIFICATE-----\\nMIIBZDCCARagAwIBAgIUNgq5ReVe/LfoGvG1ODiVL5CU52kwBQYDK2VwM
                BoxGDAW\\nBgNVBAMMD214LmFjbWUuZXhhbXBsZTAgFw0yNjExMjQyMDQ1MzVaGA8yMTI2MTAz\\
                nMTIwNDUzNVowGjEYMBYGA1UEAwwPbXguYWNtZS5leGFtcGxlMCowBQYDK2VwAyEA\\nsnTnJbzu
                kAJZw1To61vEFu3ofnZIBQsik2BQEUfcIT2jbDBqMB0GA1UdDgQWBBQE\\nZRZbTf5dbvE7JFY3d
                wSlWTYQZTAfBgNVHSMEGDAWgBQEZRZbTf5dbvE7JFY3dwSl\\nWTYQZTAaBgNVHREEEzARgg9teC
                5hY21lLmV4YW1wbGUwDAYDVR0TAQH/BAIwADAF\\nBgMrZXADQQCWe0SHk/MxgbqefGRlm+Sk+Ux
                +sYc/+7IM+Q7+b76vED+waWVpxWlC\\n/rVP2dklldVnNMsTOwopGADPfYT/20kL\\n-----END CERTIFICATE-----\\n', 'key': '-----
                BEGIN PRIVATE KEY-----\\nMC4CAQAwBQYDK2VwBCIEIL1b4Pim+UKRdSMWEalLZ/Hty6dvdNzgM0Z/u9Av9unx
                \\n-----END PRIVATE KEY-----\\n'}

        Attributes:
            chain (str): PEM: the leaf, then each issuer's certificate; the root may be left out.
            key (str): PEM, without a passphrase: PKCS #8, PKCS #1 or SEC 1. It is never shown again.
            tenant_id (None | str | Unset):
     """

    chain: str
    key: str
    tenant_id: None | str | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        chain = self.chain

        key = self.key

        tenant_id: None | str | Unset
        if isinstance(self.tenant_id, Unset):
            tenant_id = UNSET
        else:
            tenant_id = self.tenant_id

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "chain": chain,
                "key": key,
            }
        )
        if tenant_id is not UNSET:
            field_dict["tenant_id"] = tenant_id

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        chain = d.pop("chain")

        key = d.pop("key")

        def _parse_tenant_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        tenant_id = _parse_tenant_id(d.pop("tenant_id", UNSET))

        certificate_create = cls(
            chain=chain,
            key=key,
            tenant_id=tenant_id,
        )

        return certificate_create
