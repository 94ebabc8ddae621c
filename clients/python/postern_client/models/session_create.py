from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="SessionCreate")


@_attrs_define
class SessionCreate:
    """
    Attributes:
        email (str):  Example: owner@example.com.
        password (str):  Example: correct horse battery staple.
        cookies (bool | Unset): For a page in a browser: the tokens go into cookies that no script reads, and not into
            the answer. Example: False.
    """

    email: str
    password: str
    cookies: bool | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        email = self.email

        password = self.password

        cookies = self.cookies

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "email": email,
                "password": password,
            }
        )
        if cookies is not UNSET:
            field_dict["cookies"] = cookies

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        email = d.pop("email")

        password = d.pop("password")

        cookies = d.pop("cookies", UNSET)

        session_create = cls(
            email=email,
            password=password,
            cookies=cookies,
        )

        return session_create
