"""What is asked: a period, which exams, and by which targets they are judged. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, tzinfo

from dashboards.choice import FILTERS, Chosen, read_chosen
from dashboards.department import day_bounds, zone_name
from dashboards.questions import BadQuestion
from dashboards.trends.question import Period, read_period
from dashboards.what_if.targets import TargetsDesk, parameters, told
from schemas.parts import Target

# What a question is sent as, each a text; `targets` is TOML.
MEMBERS = ("targets", "from", "to", "interval", *FILTERS)


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """Intervals that ended in `period` of the exams that are `chosen`, judged twice.

    interval: Only this one; empty: every one that has a target on either side.
    now, then: The targets in force now, and those that are proposed.
    """

    period: Period
    zone: tzinfo
    chosen: Chosen
    interval: str
    now: Sequence[Target]
    then: Sequence[Target]

    def parameters(self) -> dict[str, object]:
        """The values of the question to ClickHouse."""
        start, _ = day_bounds(self.period.first, self.zone)
        _, end = day_bounds(self.period.last, self.zone)
        return {
            "start": start,
            "end": end,
            "zone": zone_name(self.zone),
            "intervals": self.intervals(),
            **self.chosen.parameters(),
            **parameters(self.now, "now"),
            **parameters(self.then, "then"),
        }

    def intervals(self) -> list[str]:
        """Those that are judged."""
        named = {target.interval for target in (*self.now, *self.then)}
        return sorted(named) if not self.interval else [self.interval]

    def reading(self) -> dict[str, object]:
        """As answers repeat it."""
        filters = {name: value for name, value in self.chosen.parameters().items() if value}
        return {
            "period": self.period,
            "filters": filters,
            "interval": self.interval or None,
            "now": [told(target) for target in self.now],
            "then": [told(target) for target in self.then],
        }


def read_what_if(asked: Mapping[str, str | None], desk: TargetsDesk, today: date, zone: tzinfo) -> WhatIf:
    """The question in what was sent. Raises BadQuestion."""
    given = {name: value for name, value in asked.items() if value}
    if "targets" not in given:
        raise BadQuestion(
            "targets is missing: the proposed targets as TOML; `target = []` where there are none"
        )
    interval = given.get("interval", "")
    if interval and interval not in desk.intervals:
        raise BadQuestion(f"interval must be one of {', '.join(desk.intervals)}")
    return WhatIf(
        period=read_period(given, today),
        zone=zone,
        chosen=read_chosen(given),
        interval=interval,
        now=desk.in_force(),
        then=desk.read(given["targets"]),
    )
