from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.tls_settings import TlsSettings


T = TypeVar("T", bound="MxUpdate")


@_attrs_define
class MxUpdate:
    """A merge patch of it.

    Example:
        {'domain': 'office.acme.example'}

    Attributes:
        domain (None | str | Unset):
        port (int | None | Unset):
        tls (None | TlsSettings | Unset):
    """

    domain: None | str | Unset = UNSET
    port: int | None | Unset = UNSET
    tls: None | TlsSettings | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        from ..models.tls_settings import TlsSettings  # noqa: PLC0415

        domain: None | str | Unset
        if isinstance(self.domain, Unset):
            domain = UNSET
        else:
            domain = self.domain

        port: int | None | Unset
        if isinstance(self.port, Unset):
            port = UNSET
        else:
            port = self.port

        tls: dict[str, Any] | None | Unset
        if isinstance(self.tls, Unset):
            tls = UNSET
        elif isinstance(self.tls, TlsSettings):
            tls = self.tls.to_dict()
        else:
            tls = self.tls

        field_dict: dict[str, Any] = {}

        field_dict.update({})
        if domain is not UNSET:
            field_dict["domain"] = domain
        if port is not UNSET:
            field_dict["port"] = port
        if tls is not UNSET:
            field_dict["tls"] = tls

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.tls_settings import TlsSettings  # noqa: PLC0415

        d = dict(src_dict)

        def _parse_domain(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        domain = _parse_domain(d.pop("domain", UNSET))

        def _parse_port(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        port = _parse_port(d.pop("port", UNSET))

        def _parse_tls(data: object) -> None | TlsSettings | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                tls_type_0 = TlsSettings.from_dict(data)

                return tls_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | TlsSettings | Unset, data)

        tls = _parse_tls(d.pop("tls", UNSET))

        mx_update = cls(
            domain=domain,
            port=port,
            tls=tls,
        )

        return mx_update
