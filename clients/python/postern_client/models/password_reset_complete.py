from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="PasswordResetComplete")


@_attrs_define
class PasswordResetComplete:
    """
    Attributes:
        new_password (str): At least 15 characters; 10 beside a second factor. Example: another horse, another staple.
        token (str): From the link. Example: pwr_3q2-7wECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxw.
        end_api_keys (bool | Unset): The API keys that the person made end with it. Example: False.
    """

    new_password: str
    token: str
    end_api_keys: bool | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        new_password = self.new_password

        token = self.token

        end_api_keys = self.end_api_keys

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "new_password": new_password,
                "token": token,
            }
        )
        if end_api_keys is not UNSET:
            field_dict["end_api_keys"] = end_api_keys

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        new_password = d.pop("new_password")

        token = d.pop("token")

        end_api_keys = d.pop("end_api_keys", UNSET)

        password_reset_complete = cls(
            new_password=new_password,
            token=token,
            end_api_keys=end_api_keys,
        )

        return password_reset_complete
