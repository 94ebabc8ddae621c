from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar
from uuid import UUID

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="GapView")


@_attrs_define
class GapView:
    """Something that is known to be missing from the trace.

    Attributes:
        events (int): How many transactions are missing. For `ended`: as far as the worker had reported. Example: 3.
        from_ (datetime.datetime):
        id (str):
        kind (str): `dropped`: the worker's buffer was full. `ended`: the worker ended without its closing mark.
            Example: ended.
        recorded_at (datetime.datetime):
        stream (UUID): The stream of the worker's start.
        to (datetime.datetime):
        worker_id (str):
    """

    events: int
    from_: datetime.datetime
    id: str
    kind: str
    recorded_at: datetime.datetime
    stream: UUID
    to: datetime.datetime
    worker_id: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        events = self.events

        from_ = self.from_.isoformat()

        id = self.id

        kind = self.kind

        recorded_at = self.recorded_at.isoformat()

        stream = str(self.stream)

        to = self.to.isoformat()

        worker_id = self.worker_id

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "events": events,
                "from": from_,
                "id": id,
                "kind": kind,
                "recorded_at": recorded_at,
                "stream": stream,
                "to": to,
                "worker_id": worker_id,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        events = d.pop("events")

        from_ = datetime.datetime.fromisoformat(d.pop("from"))

        id = d.pop("id")

        kind = d.pop("kind")

        recorded_at = datetime.datetime.fromisoformat(d.pop("recorded_at"))

        stream = UUID(d.pop("stream"))

        to = datetime.datetime.fromisoformat(d.pop("to"))

        worker_id = d.pop("worker_id")

        gap_view = cls(
            events=events,
            from_=from_,
            id=id,
            kind=kind,
            recorded_at=recorded_at,
            stream=stream,
            to=to,
            worker_id=worker_id,
        )

        gap_view.additional_properties = d
        return gap_view

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
