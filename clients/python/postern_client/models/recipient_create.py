from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.known_alias_hop import KnownAliasHop
from ..types import UNSET, Unset

T = TypeVar("T", bound="RecipientCreate")


@_attrs_define
class RecipientCreate:
    """A recipient to be added.

    Attributes:
        address (str): An address of the domain. Mail to `user+detail` follows `user`. Example: anna@acme.example.
        alias_of (None | str | Unset): Makes it another address of this mailbox, which must be a recipient of the
            domain.
        hop_sees (KnownAliasHop | None | str | Unset):
    """

    address: str
    alias_of: None | str | Unset = UNSET
    hop_sees: KnownAliasHop | None | str | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        address = self.address

        alias_of: None | str | Unset
        if isinstance(self.alias_of, Unset):
            alias_of = UNSET
        else:
            alias_of = self.alias_of

        hop_sees: None | str | Unset
        if isinstance(self.hop_sees, Unset):
            hop_sees = UNSET
        elif isinstance(self.hop_sees, KnownAliasHop):
            hop_sees = self.hop_sees.value
        else:
            hop_sees = self.hop_sees

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "address": address,
            }
        )
        if alias_of is not UNSET:
            field_dict["alias_of"] = alias_of
        if hop_sees is not UNSET:
            field_dict["hop_sees"] = hop_sees

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        address = d.pop("address")

        def _parse_alias_of(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        alias_of = _parse_alias_of(d.pop("alias_of", UNSET))

        def _parse_hop_sees(data: object) -> KnownAliasHop | None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                componentsschemas_alias_hop_type_0 = KnownAliasHop(data)

                return componentsschemas_alias_hop_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(KnownAliasHop | None | str | Unset, data)

        hop_sees = _parse_hop_sees(d.pop("hop_sees", UNSET))

        recipient_create = cls(
            address=address,
            alias_of=alias_of,
            hop_sees=hop_sees,
        )

        return recipient_create
