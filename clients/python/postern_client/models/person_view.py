from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="PersonView")


@_attrs_define
class PersonView:
    """A person.

    Attributes:
        created_at (datetime.datetime):
        disabled_at (datetime.datetime | None):
        email (str):  Example: anna@acme.example.
        id (str):
        must_change_password (bool): They can do nothing else before they change it. Example: True.
        state (str): `active` or `disabled`. More may come. Example: active.
        tenant_id (str):
    """

    created_at: datetime.datetime
    disabled_at: datetime.datetime | None
    email: str
    id: str
    must_change_password: bool
    state: str
    tenant_id: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        created_at = self.created_at.isoformat()

        disabled_at: None | str
        if isinstance(self.disabled_at, datetime.datetime):
            disabled_at = self.disabled_at.isoformat()
        else:
            disabled_at = self.disabled_at

        email = self.email

        id = self.id

        must_change_password = self.must_change_password

        state = self.state

        tenant_id = self.tenant_id

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "created_at": created_at,
                "disabled_at": disabled_at,
                "email": email,
                "id": id,
                "must_change_password": must_change_password,
                "state": state,
                "tenant_id": tenant_id,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        created_at = datetime.datetime.fromisoformat(d.pop("created_at"))

        def _parse_disabled_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                disabled_at_type_0 = datetime.datetime.fromisoformat(data)

                return disabled_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        disabled_at = _parse_disabled_at(d.pop("disabled_at"))

        email = d.pop("email")

        id = d.pop("id")

        must_change_password = d.pop("must_change_password")

        state = d.pop("state")

        tenant_id = d.pop("tenant_id")

        person_view = cls(
            created_at=created_at,
            disabled_at=disabled_at,
            email=email,
            id=id,
            must_change_password=must_change_password,
            state=state,
            tenant_id=tenant_id,
        )

        person_view.additional_properties = d
        return person_view

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
