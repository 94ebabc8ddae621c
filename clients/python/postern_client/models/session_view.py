from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="SessionView")


@_attrs_define
class SessionView:
    """A sign-in.

    Attributes:
        access_token (str): For `Authorization: Bearer`. Empty where it is in a cookie. Example:
            eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJFZERTQSJ9.e30.c2ln.
        expires_at (datetime.datetime):
        factor_required_from (datetime.datetime | None):
        id (str):
        must_change_password (bool): Nothing else can be done before `PUT /v1/me/password`. Example: False.
        must_enrol_factor (bool): Nothing else can be done before a second factor is set up (`POST /v1/me/totp`, `POST
            /v1/me/passkey-options`). The
            session lasts ten minutes until then. Example: False.
        password_compromised (bool): Someone, somewhere, used this password and it was exposed. That does not mean that
            the account was hacked; a
            password that nobody has used is safer. Example: False.
        refresh_expires_at (datetime.datetime):
        refresh_token (str): For `POST /v1/sessions/refresh`, once. Empty where it is in a cookie. Example:
            prt_3q2-7wECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxw.
        token_type (str): `Bearer`, or `Cookie` where the tokens are in cookies. Example: Bearer.
    """

    access_token: str
    expires_at: datetime.datetime
    factor_required_from: datetime.datetime | None
    id: str
    must_change_password: bool
    must_enrol_factor: bool
    password_compromised: bool
    refresh_expires_at: datetime.datetime
    refresh_token: str
    token_type: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        access_token = self.access_token

        expires_at = self.expires_at.isoformat()

        factor_required_from: None | str
        if isinstance(self.factor_required_from, datetime.datetime):
            factor_required_from = self.factor_required_from.isoformat()
        else:
            factor_required_from = self.factor_required_from

        id = self.id

        must_change_password = self.must_change_password

        must_enrol_factor = self.must_enrol_factor

        password_compromised = self.password_compromised

        refresh_expires_at = self.refresh_expires_at.isoformat()

        refresh_token = self.refresh_token

        token_type = self.token_type

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "access_token": access_token,
                "expires_at": expires_at,
                "factor_required_from": factor_required_from,
                "id": id,
                "must_change_password": must_change_password,
                "must_enrol_factor": must_enrol_factor,
                "password_compromised": password_compromised,
                "refresh_expires_at": refresh_expires_at,
                "refresh_token": refresh_token,
                "token_type": token_type,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        access_token = d.pop("access_token")

        expires_at = datetime.datetime.fromisoformat(d.pop("expires_at"))

        def _parse_factor_required_from(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                factor_required_from_type_0 = datetime.datetime.fromisoformat(data)

                return factor_required_from_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        factor_required_from = _parse_factor_required_from(d.pop("factor_required_from"))

        id = d.pop("id")

        must_change_password = d.pop("must_change_password")

        must_enrol_factor = d.pop("must_enrol_factor")

        password_compromised = d.pop("password_compromised")

        refresh_expires_at = datetime.datetime.fromisoformat(d.pop("refresh_expires_at"))

        refresh_token = d.pop("refresh_token")

        token_type = d.pop("token_type")

        session_view = cls(
            access_token=access_token,
            expires_at=expires_at,
            factor_required_from=factor_required_from,
            id=id,
            must_change_password=must_change_password,
            must_enrol_factor=must_enrol_factor,
            password_compromised=password_compromised,
            refresh_expires_at=refresh_expires_at,
            refresh_token=refresh_token,
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
