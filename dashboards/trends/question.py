"""What is asked of turnaround times: one interval, a period, and which exams. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta, tzinfo

from dashboards.choice import FILTERS
from dashboards.department import day_bounds, zone_name
from dashboards.questions import BadQuestion, read_day
from schemas.intervals import BY_NAME, INTERVALS

_DAYS_BY_DEFAULT = 7
_MOST_DAYS = 3_660
# Up to so many days are shown by the hour.
_DAYS_BY_HOUR = 3


@dataclass(frozen=True, slots=True)
class Period:
    """Whole days of the department, both included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """How many."""
        return (self.last - self.first).days + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendQuestion:
    """One interval of the exams for which it ended in `period`. Filters that are None let all through."""

    interval: str
    period: Period
    compare: Period | None
    zone: tzinfo
    site: str | None = None
    modality: str | None = None
    priority: str | None = None
    patient_class: str | None = None

    @property
    def by_hour(self) -> bool:
        """Whether the period is so short that it is told by the hour."""
        return self.period.days <= _DAYS_BY_HOUR

    def parameters(self, period: Period) -> dict[str, object]:
        """The values of WHERE, for `period`."""
        start, _ = day_bounds(period.first, self.zone)
        _, end = day_bounds(period.last, self.zone)
        return {
            "interval": self.interval,
            "start": start,
            "end": end,
            "zone": zone_name(self.zone),
            "first": period.first,
            "last": period.last,
            **{name: getattr(self, name) or "" for name in FILTERS},
        }

    def reading(self) -> dict[str, object]:
        """As answers repeat it: every figure stands beside what was asked."""
        filters = {name: getattr(self, name) for name in FILTERS if getattr(self, name)}
        spec = BY_NAME[self.interval]
        return {
            "interval": self.interval,
            "label": spec.label,
            "meaning": spec.meaning,
            "period": self.period,
            "compare": self.compare,
            "filters": filters,
        }


def read_question(asked: Mapping[str, str], today: date, zone: tzinfo) -> TrendQuestion:
    """The question that the parameters ask. Raises BadQuestion."""
    interval = asked.get("interval") or INTERVALS[0].name
    if interval not in BY_NAME:
        raise BadQuestion(f"interval must be one of {', '.join(BY_NAME)}")
    chosen = {name: asked.get(name) or None for name in FILTERS}
    return TrendQuestion(
        interval=interval, period=read_period(asked, today), compare=_compare(asked), zone=zone, **chosen
    )


def read_period(asked: Mapping[str, str], today: date) -> Period:
    """`from` to `to`: the last week where they are missing. Raises BadQuestion."""
    last = read_day(asked, "to") or today
    first = read_day(asked, "from") or last - timedelta(days=_DAYS_BY_DEFAULT - 1)
    return _check(Period(first, last))


def _check(period: Period) -> Period:
    if not 1 <= period.days <= _MOST_DAYS:
        raise BadQuestion(f"a period begins before it ends, and has at most {_MOST_DAYS} days")
    return period


def _compare(asked: Mapping[str, str]) -> Period | None:
    first, last = read_day(asked, "compare_from"), read_day(asked, "compare_to")
    if first is None and last is None:
        return None
    if first is None or last is None:
        raise BadQuestion("compare_from and compare_to stand together")
    return _check(Period(first, last))
