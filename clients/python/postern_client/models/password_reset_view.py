from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="PasswordResetView")


@_attrs_define
class PasswordResetView:
    """A new password that waits for an administrator.

    Attributes:
        created_at (datetime.datetime):
        email (str):  Example: anna@acme.example.
        end_api_keys (bool): The API keys that the person made end with it, as they chose. Example: False.
        expires_at (datetime.datetime):
        id (str):
        person_id (str):
        state (str): `awaiting_confirmation`. More may come. Example: awaiting_confirmation.
        tenant_id (str):
        waiting_since (datetime.datetime):
    """

    created_at: datetime.datetime
    email: str
    end_api_keys: bool
    expires_at: datetime.datetime
    id: str
    person_id: str
    state: str
    tenant_id: str
    waiting_since: datetime.datetime
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        created_at = self.created_at.isoformat()

        email = self.email

        end_api_keys = self.end_api_keys

        expires_at = self.expires_at.isoformat()

        id = self.id

        person_id = self.person_id

        state = self.state

        tenant_id = self.tenant_id

        waiting_since = self.waiting_since.isoformat()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "created_at": created_at,
                "email": email,
                "end_api_keys": end_api_keys,
                "expires_at": expires_at,
                "id": id,
                "person_id": person_id,
                "state": state,
                "tenant_id": tenant_id,
                "waiting_since": waiting_since,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        created_at = datetime.datetime.fromisoformat(d.pop("created_at"))

        email = d.pop("email")

        end_api_keys = d.pop("end_api_keys")

        expires_at = datetime.datetime.fromisoformat(d.pop("expires_at"))

        id = d.pop("id")

        person_id = d.pop("person_id")

        state = d.pop("state")

        tenant_id = d.pop("tenant_id")

        waiting_since = datetime.datetime.fromisoformat(d.pop("waiting_since"))

        password_reset_view = cls(
            created_at=created_at,
            email=email,
            end_api_keys=end_api_keys,
            expires_at=expires_at,
            id=id,
            person_id=person_id,
            state=state,
            tenant_id=tenant_id,
            waiting_since=waiting_since,
        )

        password_reset_view.additional_properties = d
        return password_reset_view

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
