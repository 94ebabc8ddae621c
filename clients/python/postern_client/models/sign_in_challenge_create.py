from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="SignInChallengeCreate")


@_attrs_define
class SignInChallengeCreate:
    """
    Attributes:
        ticket (None | str | Unset): Of a sign-in whose password was right: its person's keys are asked for. Left out:
            any key, which says whose it is.
    """

    ticket: None | str | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        ticket: None | str | Unset
        if isinstance(self.ticket, Unset):
            ticket = UNSET
        else:
            ticket = self.ticket

        field_dict: dict[str, Any] = {}

        field_dict.update({})
        if ticket is not UNSET:
            field_dict["ticket"] = ticket

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)

        def _parse_ticket(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        ticket = _parse_ticket(d.pop("ticket", UNSET))

        sign_in_challenge_create = cls(
            ticket=ticket,
        )

        return sign_in_challenge_create
