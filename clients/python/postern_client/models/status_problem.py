from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.known_status_severity import KnownStatusSeverity

if TYPE_CHECKING:
    from ..models.status_subject import StatusSubject


T = TypeVar("T", bound="StatusProblem")


@_attrs_define
class StatusProblem:
    """Something that is wrong, and what to do about it.

    Attributes:
        action (str): What to do about it. Example: It reports but takes no newer configuration: look for "no new
            configuration" in its log..
        code (str): Stable; more may come (docs/operations.md). Example: worker_behind.
        message (str):  Example: It runs 1.41, and lacks what was published 40 s ago..
        severity (KnownStatusSeverity | str): How bad it is. More may come.
        since (datetime.datetime | None):
        subject (StatusSubject): What a problem is about.
    """

    action: str
    code: str
    message: str
    severity: KnownStatusSeverity | str
    since: datetime.datetime | None
    subject: StatusSubject
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        action = self.action

        code = self.code

        message = self.message

        severity: str
        if isinstance(self.severity, KnownStatusSeverity):
            severity = self.severity.value
        else:
            severity = self.severity

        since: None | str
        if isinstance(self.since, datetime.datetime):
            since = self.since.isoformat()
        else:
            since = self.since

        subject = self.subject.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "action": action,
                "code": code,
                "message": message,
                "severity": severity,
                "since": since,
                "subject": subject,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.status_subject import StatusSubject  # noqa: PLC0415

        d = dict(src_dict)
        action = d.pop("action")

        code = d.pop("code")

        message = d.pop("message")

        def _parse_severity(data: object) -> KnownStatusSeverity | str:
            try:
                if not isinstance(data, str):
                    raise TypeError()
                componentsschemas_status_severity_type_0 = KnownStatusSeverity(data)

                return componentsschemas_status_severity_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(KnownStatusSeverity | str, data)

        severity = _parse_severity(d.pop("severity"))

        def _parse_since(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                since_type_0 = datetime.datetime.fromisoformat(data)

                return since_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        since = _parse_since(d.pop("since"))

        subject = StatusSubject.from_dict(d.pop("subject"))

        status_problem = cls(
            action=action,
            code=code,
            message=message,
            severity=severity,
            since=since,
            subject=subject,
        )

        status_problem.additional_properties = d
        return status_problem

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
