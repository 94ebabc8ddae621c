from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.known_step_kind import KnownStepKind

T = TypeVar("T", bound="StepView")


@_attrs_define
class StepView:
    """One thing that was done.

    Attributes:
        address (None | str):  Example: 192.0.2.7.
        code (int | None): The code of the reply, where it was one. Example: 250.
        ok (bool):  Example: True.
        step (KnownStepKind | str): More may come.
        text (str): The reply's text, or words of ours. What is no SMTP is not quoted. Example: 2.1.5 Ok.
        took_ms (int):  Example: 12.
    """

    address: None | str
    code: int | None
    ok: bool
    step: KnownStepKind | str
    text: str
    took_ms: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        address: None | str
        address = self.address

        code: int | None
        code = self.code

        ok = self.ok

        step: str
        if isinstance(self.step, KnownStepKind):
            step = self.step.value
        else:
            step = self.step

        text = self.text

        took_ms = self.took_ms

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "address": address,
                "code": code,
                "ok": ok,
                "step": step,
                "text": text,
                "took_ms": took_ms,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)

        def _parse_address(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        address = _parse_address(d.pop("address"))

        def _parse_code(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        code = _parse_code(d.pop("code"))

        ok = d.pop("ok")

        def _parse_step(data: object) -> KnownStepKind | str:
            try:
                if not isinstance(data, str):
                    raise TypeError()
                componentsschemas_step_kind_type_0 = KnownStepKind(data)

                return componentsschemas_step_kind_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(KnownStepKind | str, data)

        step = _parse_step(d.pop("step"))

        text = d.pop("text")

        took_ms = d.pop("took_ms")

        step_view = cls(
            address=address,
            code=code,
            ok=ok,
            step=step,
            text=text,
            took_ms=took_ms,
        )

        step_view.additional_properties = d
        return step_view

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
