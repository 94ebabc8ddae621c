from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="PersonCreate")


@_attrs_define
class PersonCreate:
    """A new account.

    Example:
        {'email': 'anna@acme.example', 'tenant_id': 'ten_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f'}

    Attributes:
        email (str):
        tenant_id (str):
        initial_password (None | str | Unset): Good for one thing: to be changed. Made up if left out, and shown in the
            answer.
    """

    email: str
    tenant_id: str
    initial_password: None | str | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        email = self.email

        tenant_id = self.tenant_id

        initial_password: None | str | Unset
        if isinstance(self.initial_password, Unset):
            initial_password = UNSET
        else:
            initial_password = self.initial_password

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "email": email,
                "tenant_id": tenant_id,
            }
        )
        if initial_password is not UNSET:
            field_dict["initial_password"] = initial_password

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        email = d.pop("email")

        tenant_id = d.pop("tenant_id")

        def _parse_initial_password(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        initial_password = _parse_initial_password(d.pop("initial_password", UNSET))

        person_create = cls(
            email=email,
            tenant_id=tenant_id,
            initial_password=initial_password,
        )

        return person_create
