from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.known_hop_verdict import KnownHopVerdict

if TYPE_CHECKING:
    from ..models.step_view import StepView
    from ..models.tls_test_view import TlsTestView


T = TypeVar("T", bound="HopTestView")


@_attrs_define
class HopTestView:
    """One next hop, step by step.

    Attributes:
        extensions (list[str]): What its answer to EHLO offers; under TLS, the second one. Example: ['PIPELINING', 'SIZE
            52428800', '8BITMIME'].
        host (str):  Example: mx.acme.example.
        mx_of (None | str): The domain whose MX records named it.
        port (int):  Example: 25.
        priority (int):  Example: 10.
        steps (list[StepView]):
        summary (str): The verdict in words. Example: it would take mail for this recipient.
        tls (None | TlsTestView):
        verdict (KnownHopVerdict | str): More may come.
    """

    extensions: list[str]
    host: str
    mx_of: None | str
    port: int
    priority: int
    steps: list[StepView]
    summary: str
    tls: None | TlsTestView
    verdict: KnownHopVerdict | str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.tls_test_view import TlsTestView  # noqa: PLC0415

        extensions = self.extensions

        host = self.host

        mx_of: None | str
        mx_of = self.mx_of

        port = self.port

        priority = self.priority

        steps = []
        for steps_item_data in self.steps:
            steps_item = steps_item_data.to_dict()
            steps.append(steps_item)

        summary = self.summary

        tls: dict[str, Any] | None
        if isinstance(self.tls, TlsTestView):
            tls = self.tls.to_dict()
        else:
            tls = self.tls

        verdict: str
        if isinstance(self.verdict, KnownHopVerdict):
            verdict = self.verdict.value
        else:
            verdict = self.verdict

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "extensions": extensions,
                "host": host,
                "mx_of": mx_of,
                "port": port,
                "priority": priority,
                "steps": steps,
                "summary": summary,
                "tls": tls,
                "verdict": verdict,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.step_view import StepView  # noqa: PLC0415
        from ..models.tls_test_view import TlsTestView  # noqa: PLC0415

        d = dict(src_dict)
        extensions = cast(list[str], d.pop("extensions"))

        host = d.pop("host")

        def _parse_mx_of(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        mx_of = _parse_mx_of(d.pop("mx_of"))

        port = d.pop("port")

        priority = d.pop("priority")

        steps = []
        _steps = d.pop("steps")
        for steps_item_data in _steps:
            steps_item = StepView.from_dict(steps_item_data)

            steps.append(steps_item)

        summary = d.pop("summary")

        def _parse_tls(data: object) -> None | TlsTestView:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                tls_type_0 = TlsTestView.from_dict(data)

                return tls_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | TlsTestView, data)

        tls = _parse_tls(d.pop("tls"))

        def _parse_verdict(data: object) -> KnownHopVerdict | str:
            try:
                if not isinstance(data, str):
                    raise TypeError()
                componentsschemas_hop_verdict_type_0 = KnownHopVerdict(data)

                return componentsschemas_hop_verdict_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(KnownHopVerdict | str, data)

        verdict = _parse_verdict(d.pop("verdict"))

        hop_test_view = cls(
            extensions=extensions,
            host=host,
            mx_of=mx_of,
            port=port,
            priority=priority,
            steps=steps,
            summary=summary,
            tls=tls,
            verdict=verdict,
        )

        hop_test_view.additional_properties = d
        return hop_test_view

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
