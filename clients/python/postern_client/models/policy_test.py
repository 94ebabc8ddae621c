from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.known_tls_version import KnownTlsVersion
from ..types import UNSET, Unset

T = TypeVar("T", bound="PolicyTest")


@_attrs_define
class PolicyTest:
    """An envelope as a sender would bring it.

    Example:
        {'client': '192.0.2.25', 'helo': 'mail.example.net', 'mail_from': 'anna@example.net', 'rcpt_to':
            'bert@acme.example', 'size_bytes': 4096, 'tls': 'tls13'}

    Attributes:
        client (str): The address that connects.
        mail_from (str): The path of MAIL, with or without its brackets; empty for the null sender.
        rcpt_to (str): The path of RCPT, with or without its brackets.
        helo (None | str | Unset): What it calls itself. No rule looks at it yet.
        size_bytes (int | None | Unset): Of the message; left out: only the recipient is judged.
        tls (KnownTlsVersion | None | str | Unset):
    """

    client: str
    mail_from: str
    rcpt_to: str
    helo: None | str | Unset = UNSET
    size_bytes: int | None | Unset = UNSET
    tls: KnownTlsVersion | None | str | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        client = self.client

        mail_from = self.mail_from

        rcpt_to = self.rcpt_to

        helo: None | str | Unset
        if isinstance(self.helo, Unset):
            helo = UNSET
        else:
            helo = self.helo

        size_bytes: int | None | Unset
        if isinstance(self.size_bytes, Unset):
            size_bytes = UNSET
        else:
            size_bytes = self.size_bytes

        tls: None | str | Unset
        if isinstance(self.tls, Unset):
            tls = UNSET
        elif isinstance(self.tls, KnownTlsVersion):
            tls = self.tls.value
        else:
            tls = self.tls

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "client": client,
                "mail_from": mail_from,
                "rcpt_to": rcpt_to,
            }
        )
        if helo is not UNSET:
            field_dict["helo"] = helo
        if size_bytes is not UNSET:
            field_dict["size_bytes"] = size_bytes
        if tls is not UNSET:
            field_dict["tls"] = tls

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        client = d.pop("client")

        mail_from = d.pop("mail_from")

        rcpt_to = d.pop("rcpt_to")

        def _parse_helo(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        helo = _parse_helo(d.pop("helo", UNSET))

        def _parse_size_bytes(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        size_bytes = _parse_size_bytes(d.pop("size_bytes", UNSET))

        def _parse_tls(data: object) -> KnownTlsVersion | None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                componentsschemas_tls_version_type_0 = KnownTlsVersion(data)

                return componentsschemas_tls_version_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(KnownTlsVersion | None | str | Unset, data)

        tls = _parse_tls(d.pop("tls", UNSET))

        policy_test = cls(
            client=client,
            mail_from=mail_from,
            rcpt_to=rcpt_to,
            helo=helo,
            size_bytes=size_bytes,
            tls=tls,
        )

        return policy_test
