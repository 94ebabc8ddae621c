from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="MySession")


@_attrs_define
class MySession:
    """One of one's own sign-ins.

    Attributes:
        address (None | str): Where it was begun. Example: 192.0.2.7.
        created_at (datetime.datetime):
        expires_at (datetime.datetime):
        factors (list[str]): What was shown at sign-in: `password`. More may come. Example: ['password'].
        id (str):
        idle_ends_at (datetime.datetime):
        is_current (bool): The one that this request came with. Example: True.
        last_used_at (datetime.datetime):
        user_agent (None | str): What began it, by its own account. Example: curl/8.5.0.
    """

    address: None | str
    created_at: datetime.datetime
    expires_at: datetime.datetime
    factors: list[str]
    id: str
    idle_ends_at: datetime.datetime
    is_current: bool
    last_used_at: datetime.datetime
    user_agent: None | str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        address: None | str
        address = self.address

        created_at = self.created_at.isoformat()

        expires_at = self.expires_at.isoformat()

        factors = self.factors

        id = self.id

        idle_ends_at = self.idle_ends_at.isoformat()

        is_current = self.is_current

        last_used_at = self.last_used_at.isoformat()

        user_agent: None | str
        user_agent = self.user_agent

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "address": address,
                "created_at": created_at,
                "expires_at": expires_at,
                "factors": factors,
                "id": id,
                "idle_ends_at": idle_ends_at,
                "is_current": is_current,
                "last_used_at": last_used_at,
                "user_agent": user_agent,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)

        def _parse_address(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        address = _parse_address(d.pop("address"))

        created_at = datetime.datetime.fromisoformat(d.pop("created_at"))

        expires_at = datetime.datetime.fromisoformat(d.pop("expires_at"))

        factors = cast(list[str], d.pop("factors"))

        id = d.pop("id")

        idle_ends_at = datetime.datetime.fromisoformat(d.pop("idle_ends_at"))

        is_current = d.pop("is_current")

        last_used_at = datetime.datetime.fromisoformat(d.pop("last_used_at"))

        def _parse_user_agent(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        user_agent = _parse_user_agent(d.pop("user_agent"))

        my_session = cls(
            address=address,
            created_at=created_at,
            expires_at=expires_at,
            factors=factors,
            id=id,
            idle_ends_at=idle_ends_at,
            is_current=is_current,
            last_used_at=last_used_at,
            user_agent=user_agent,
        )

        my_session.additional_properties = d
        return my_session

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
