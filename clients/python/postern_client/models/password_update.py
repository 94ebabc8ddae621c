from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="PasswordUpdate")


@_attrs_define
class PasswordUpdate:
    """
    Attributes:
        current_password (str):  Example: correct horse battery staple.
        new_password (str): At least 15 characters; 10 beside a second factor. Example: another horse, another staple.
        end_api_keys (bool | Unset): Whether the API keys that you made end as well. Where somebody else may know the
            password, they may have made one. Example: False.
    """

    current_password: str
    new_password: str
    end_api_keys: bool | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        current_password = self.current_password

        new_password = self.new_password

        end_api_keys = self.end_api_keys

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "current_password": current_password,
                "new_password": new_password,
            }
        )
        if end_api_keys is not UNSET:
            field_dict["end_api_keys"] = end_api_keys

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        current_password = d.pop("current_password")

        new_password = d.pop("new_password")

        end_api_keys = d.pop("end_api_keys", UNSET)

        password_update = cls(
            current_password=current_password,
            new_password=new_password,
            end_api_keys=end_api_keys,
        )

        return password_update
