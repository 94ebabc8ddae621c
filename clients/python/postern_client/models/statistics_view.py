from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.known_step import KnownStep

if TYPE_CHECKING:
    from ..models.statistics_counts import StatisticsCounts
    from ..models.statistics_step import StatisticsStep


T = TypeVar("T", bound="StatisticsView")


@_attrs_define
class StatisticsView:
    """
    Attributes:
        data (list[StatisticsStep]): In their order; a step in which nothing was counted is not among them.
        from_ (datetime.datetime):
        step (KnownStep | str): More may come.
        to (datetime.datetime):
        total (StatisticsCounts): Sums of SMTP transactions.
    """

    data: list[StatisticsStep]
    from_: datetime.datetime
    step: KnownStep | str
    to: datetime.datetime
    total: StatisticsCounts
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        data = []
        for data_item_data in self.data:
            data_item = data_item_data.to_dict()
            data.append(data_item)

        from_ = self.from_.isoformat()

        step: str
        if isinstance(self.step, KnownStep):
            step = self.step.value
        else:
            step = self.step

        to = self.to.isoformat()

        total = self.total.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "data": data,
                "from": from_,
                "step": step,
                "to": to,
                "total": total,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.statistics_counts import StatisticsCounts  # noqa: PLC0415
        from ..models.statistics_step import StatisticsStep  # noqa: PLC0415

        d = dict(src_dict)
        data = []
        _data = d.pop("data")
        for data_item_data in _data:
            data_item = StatisticsStep.from_dict(data_item_data)

            data.append(data_item)

        from_ = datetime.datetime.fromisoformat(d.pop("from"))

        def _parse_step(data: object) -> KnownStep | str:
            try:
                if not isinstance(data, str):
                    raise TypeError()
                componentsschemas_step_type_0 = KnownStep(data)

                return componentsschemas_step_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(KnownStep | str, data)

        step = _parse_step(d.pop("step"))

        to = datetime.datetime.fromisoformat(d.pop("to"))

        total = StatisticsCounts.from_dict(d.pop("total"))

        statistics_view = cls(
            data=data,
            from_=from_,
            step=step,
            to=to,
            total=total,
        )

        statistics_view.additional_properties = d
        return statistics_view

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
