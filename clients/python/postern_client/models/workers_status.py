from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.version_count import VersionCount


T = TypeVar("T", bound="WorkersStatus")


@_attrs_define
class WorkersStatus:
    """Counts; `total` is their sum.

    Attributes:
        away (int):
        drained (int):
        draining (int):
        message_bytes (int): Octets of messages that they hold now. Example: 1048576.
        ready (int):  Example: 3.
        sessions (int): SMTP sessions now, of all. Example: 12.
        starting (int):
        total (int):  Example: 3.
        versions (list[VersionCount]): By software version, of those that are there.
    """

    away: int
    drained: int
    draining: int
    message_bytes: int
    ready: int
    sessions: int
    starting: int
    total: int
    versions: list[VersionCount]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        away = self.away

        drained = self.drained

        draining = self.draining

        message_bytes = self.message_bytes

        ready = self.ready

        sessions = self.sessions

        starting = self.starting

        total = self.total

        versions = []
        for versions_item_data in self.versions:
            versions_item = versions_item_data.to_dict()
            versions.append(versions_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "away": away,
                "drained": drained,
                "draining": draining,
                "message_bytes": message_bytes,
                "ready": ready,
                "sessions": sessions,
                "starting": starting,
                "total": total,
                "versions": versions,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.version_count import VersionCount  # noqa: PLC0415

        d = dict(src_dict)
        away = d.pop("away")

        drained = d.pop("drained")

        draining = d.pop("draining")

        message_bytes = d.pop("message_bytes")

        ready = d.pop("ready")

        sessions = d.pop("sessions")

        starting = d.pop("starting")

        total = d.pop("total")

        versions = []
        _versions = d.pop("versions")
        for versions_item_data in _versions:
            versions_item = VersionCount.from_dict(versions_item_data)

            versions.append(versions_item)

        workers_status = cls(
            away=away,
            drained=drained,
            draining=draining,
            message_bytes=message_bytes,
            ready=ready,
            sessions=sessions,
            starting=starting,
            total=total,
            versions=versions,
        )

        workers_status.additional_properties = d
        return workers_status

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
