from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.known_alias_hop import KnownAliasHop

T = TypeVar("T", bound="RecipientView")


@_attrs_define
class RecipientView:
    """A recipient.

    Attributes:
        address (str):  Example: anna@acme.example.
        alias_of (None | str): The mailbox it is another address of. Null: it is a mailbox itself.
        created_at (datetime.datetime):
        domain_id (str):
        hop_sees (KnownAliasHop | None | str):
        id (str):
    """

    address: str
    alias_of: None | str
    created_at: datetime.datetime
    domain_id: str
    hop_sees: KnownAliasHop | None | str
    id: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        address = self.address

        alias_of: None | str
        alias_of = self.alias_of

        created_at = self.created_at.isoformat()

        domain_id = self.domain_id

        hop_sees: None | str
        if isinstance(self.hop_sees, KnownAliasHop):
            hop_sees = self.hop_sees.value
        else:
            hop_sees = self.hop_sees

        id = self.id

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "address": address,
                "alias_of": alias_of,
                "created_at": created_at,
                "domain_id": domain_id,
                "hop_sees": hop_sees,
                "id": id,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        address = d.pop("address")

        def _parse_alias_of(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        alias_of = _parse_alias_of(d.pop("alias_of"))

        created_at = datetime.datetime.fromisoformat(d.pop("created_at"))

        domain_id = d.pop("domain_id")

        def _parse_hop_sees(data: object) -> KnownAliasHop | None | str:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                componentsschemas_alias_hop_type_0 = KnownAliasHop(data)

                return componentsschemas_alias_hop_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(KnownAliasHop | None | str, data)

        hop_sees = _parse_hop_sees(d.pop("hop_sees"))

        id = d.pop("id")

        recipient_view = cls(
            address=address,
            alias_of=alias_of,
            created_at=created_at,
            domain_id=domain_id,
            hop_sees=hop_sees,
            id=id,
        )

        recipient_view.additional_properties = d
        return recipient_view

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
