from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.known_tls_level import KnownTlsLevel
from ..models.known_tls_trust import KnownTlsTrust
from ..types import UNSET, Unset

T = TypeVar("T", bound="TlsSettings")


@_attrs_define
class TlsSettings:
    """TLS to the next hop.

    Example:
        {'level': 'verified', 'trust': 'web_pki'}

    Attributes:
        level (KnownTlsLevel | str): How sure a connection to the next hop must be. More may come.
        authorities_pem (None | str | Unset): Certificates of authorities, PEM.
        pins (list[str] | None | Unset): SHA-256 of a `SubjectPublicKeyInfo` each, 64 hex digits.
        server_name (None | str | Unset): The name the certificate must bear; the host's if left out.
        trust (KnownTlsTrust | None | str | Unset):
    """

    level: KnownTlsLevel | str
    authorities_pem: None | str | Unset = UNSET
    pins: list[str] | None | Unset = UNSET
    server_name: None | str | Unset = UNSET
    trust: KnownTlsTrust | None | str | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        level: str
        if isinstance(self.level, KnownTlsLevel):
            level = self.level.value
        else:
            level = self.level

        authorities_pem: None | str | Unset
        if isinstance(self.authorities_pem, Unset):
            authorities_pem = UNSET
        else:
            authorities_pem = self.authorities_pem

        pins: list[str] | None | Unset
        if isinstance(self.pins, Unset):
            pins = UNSET
        elif isinstance(self.pins, list):
            pins = self.pins

        else:
            pins = self.pins

        server_name: None | str | Unset
        if isinstance(self.server_name, Unset):
            server_name = UNSET
        else:
            server_name = self.server_name

        trust: None | str | Unset
        if isinstance(self.trust, Unset):
            trust = UNSET
        elif isinstance(self.trust, KnownTlsTrust):
            trust = self.trust.value
        else:
            trust = self.trust

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "level": level,
            }
        )
        if authorities_pem is not UNSET:
            field_dict["authorities_pem"] = authorities_pem
        if pins is not UNSET:
            field_dict["pins"] = pins
        if server_name is not UNSET:
            field_dict["server_name"] = server_name
        if trust is not UNSET:
            field_dict["trust"] = trust

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)

        def _parse_level(data: object) -> KnownTlsLevel | str:
            try:
                if not isinstance(data, str):
                    raise TypeError()
                componentsschemas_tls_level_type_0 = KnownTlsLevel(data)

                return componentsschemas_tls_level_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(KnownTlsLevel | str, data)

        level = _parse_level(d.pop("level"))

        def _parse_authorities_pem(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        authorities_pem = _parse_authorities_pem(d.pop("authorities_pem", UNSET))

        def _parse_pins(data: object) -> list[str] | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                pins_type_0 = cast(list[str], data)

                return pins_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[str] | None | Unset, data)

        pins = _parse_pins(d.pop("pins", UNSET))

        def _parse_server_name(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        server_name = _parse_server_name(d.pop("server_name", UNSET))

        def _parse_trust(data: object) -> KnownTlsTrust | None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                componentsschemas_tls_trust_type_0 = KnownTlsTrust(data)

                return componentsschemas_tls_trust_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(KnownTlsTrust | None | str | Unset, data)

        trust = _parse_trust(d.pop("trust", UNSET))

        tls_settings = cls(
            level=level,
            authorities_pem=authorities_pem,
            pins=pins,
            server_name=server_name,
            trust=trust,
        )

        return tls_settings
