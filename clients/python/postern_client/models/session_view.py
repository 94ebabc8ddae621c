from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="SessionView")


@_attrs_define
class SessionView:
    """A sign-in.

    Attributes:
        access_token (str): For `Authorization: Bearer`. Example: eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJFZERTQSJ9.e30.c2ln.
        expires_at (datetime.datetime):
        id (str):
        must_change_password (bool): Nothing else can be done before `PUT /v1/me/password`. Example: False.
        token_type (str): Always `Bearer`. Example: Bearer.
    """

    access_token: str
    expires_at: datetime.datetime
    id: str
    must_change_password: bool
    token_type: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        access_token = self.access_token

        expires_at = self.expires_at.isoformat()

        id = self.id

        must_change_password = self.must_change_password

        token_type = self.token_type

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "access_token": access_token,
                "expires_at": expires_at,
                "id": id,
                "must_change_password": must_change_password,
                "token_type": token_type,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        access_token = d.pop("access_token")

        expires_at = datetime.datetime.fromisoformat(d.pop("expires_at"))

        id = d.pop("id")

        must_change_password = d.pop("must_change_password")

        token_type = d.pop("token_type")

        session_view = cls(
            access_token=access_token,
            expires_at=expires_at,
            id=id,
            must_change_password=must_change_password,
            token_type=token_type,
        )

        session_view.additional_properties = d
        return session_view

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
