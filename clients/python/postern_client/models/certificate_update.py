from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="CertificateUpdate")


@_attrs_define
class CertificateUpdate:
    """ A merge patch that replaces it. A renewed certificate of the same key needs only `chain`.

        Example:
            {'chain': '-----BEGIN CERTIFICATE-----\\nMIIBZDCCARagAwIBAgIUNgq5ReVe/LfoGvG1ODiVL5CU52kwBQYDK2VwM
                BoxGDAW\\nBgNVBAMMD214LmFjbWUuZXhhbXBsZTAgFw0yNjExMjQyMDQ1MzVaGA8yMTI2MTAz\\
                nMTIwNDUzNVowGjEYMBYGA1UEAwwPbXguYWNtZS5leGFtcGxlMCowBQYDK2VwAyEA\\nsnTnJbzu
                kAJZw1To61vEFu3ofnZIBQsik2BQEUfcIT2jbDBqMB0GA1UdDgQWBBQE\\nZRZbTf5dbvE7JFY3d
                wSlWTYQZTAfBgNVHSMEGDAWgBQEZRZbTf5dbvE7JFY3dwSl\\nWTYQZTAaBgNVHREEEzARgg9teC
                5hY21lLmV4YW1wbGUwDAYDVR0TAQH/BAIwADAF\\nBgMrZXADQQCWe0SHk/MxgbqefGRlm+Sk+Ux
                +sYc/+7IM+Q7+b76vED+waWVpxWlC\\n/rVP2dklldVnNMsTOwopGADPfYT/20kL\\n-----END CERTIFICATE-----\\n'}

        Attributes:
            chain (None | str | Unset):
            key (None | str | Unset):
     """

    chain: None | str | Unset = UNSET
    key: None | str | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        chain: None | str | Unset
        if isinstance(self.chain, Unset):
            chain = UNSET
        else:
            chain = self.chain

        key: None | str | Unset
        if isinstance(self.key, Unset):
            key = UNSET
        else:
            key = self.key

        field_dict: dict[str, Any] = {}

        field_dict.update({})
        if chain is not UNSET:
            field_dict["chain"] = chain
        if key is not UNSET:
            field_dict["key"] = key

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)

        def _parse_chain(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        chain = _parse_chain(d.pop("chain", UNSET))

        def _parse_key(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        key = _parse_key(d.pop("key", UNSET))

        certificate_update = cls(
            chain=chain,
            key=key,
        )

        return certificate_update
