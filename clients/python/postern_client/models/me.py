from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.my_grant import MyGrant


T = TypeVar("T", bound="Me")


@_attrs_define
class Me:
    """
    Attributes:
        created_at (datetime.datetime):
        email (str):  Example: owner@example.com.
        grants (list[MyGrant]):
        id (str):
        must_change_password (bool):  Example: False.
        password_checked_at (datetime.datetime | None):
        password_compromised (bool): Someone, somewhere, used this password and it was exposed. That does not mean that
            the account was hacked; a
            password that nobody has used is safer. Example: False.
        session_id (str):
        tenant_id (str):
    """

    created_at: datetime.datetime
    email: str
    grants: list[MyGrant]
    id: str
    must_change_password: bool
    password_checked_at: datetime.datetime | None
    password_compromised: bool
    session_id: str
    tenant_id: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        created_at = self.created_at.isoformat()

        email = self.email

        grants = []
        for grants_item_data in self.grants:
            grants_item = grants_item_data.to_dict()
            grants.append(grants_item)

        id = self.id

        must_change_password = self.must_change_password

        password_checked_at: None | str
        if isinstance(self.password_checked_at, datetime.datetime):
            password_checked_at = self.password_checked_at.isoformat()
        else:
            password_checked_at = self.password_checked_at

        password_compromised = self.password_compromised

        session_id = self.session_id

        tenant_id = self.tenant_id

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "created_at": created_at,
                "email": email,
                "grants": grants,
                "id": id,
                "must_change_password": must_change_password,
                "password_checked_at": password_checked_at,
                "password_compromised": password_compromised,
                "session_id": session_id,
                "tenant_id": tenant_id,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.my_grant import MyGrant  # noqa: PLC0415

        d = dict(src_dict)
        created_at = datetime.datetime.fromisoformat(d.pop("created_at"))

        email = d.pop("email")

        grants = []
        _grants = d.pop("grants")
        for grants_item_data in _grants:
            grants_item = MyGrant.from_dict(grants_item_data)

            grants.append(grants_item)

        id = d.pop("id")

        must_change_password = d.pop("must_change_password")

        def _parse_password_checked_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                password_checked_at_type_0 = datetime.datetime.fromisoformat(data)

                return password_checked_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        password_checked_at = _parse_password_checked_at(d.pop("password_checked_at"))

        password_compromised = d.pop("password_compromised")

        session_id = d.pop("session_id")

        tenant_id = d.pop("tenant_id")

        me = cls(
            created_at=created_at,
            email=email,
            grants=grants,
            id=id,
            must_change_password=must_change_password,
            password_checked_at=password_checked_at,
            password_compromised=password_compromised,
            session_id=session_id,
            tenant_id=tenant_id,
        )

        me.additional_properties = d
        return me

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
