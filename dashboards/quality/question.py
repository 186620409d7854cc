"""What is asked of the quality of data: a period, a bound for what is late, and whose data. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, tzinfo

from dashboards.department import day_bounds
from dashboards.questions import BadQuestion
from dashboards.trends.question import Period, read_period

_BOUND_S = 300
_MOST_BOUND_S = 30 * 86_400
FILTERS = ("site", "system", "facility", "protocol")


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityQuestion:
    """A period of whole days of the department. Filters that are None let all through.

    bound_s: An event is late that reached us more than so many seconds after it happened.
    system, facility, protocol: The source, as events name it. An empty text asks for what names none.
    """

    period: Period
    zone: tzinfo
    bound_s: int = _BOUND_S
    site: str | None = None
    system: str | None = None
    facility: str | None = None
    protocol: str | None = None

    def parameters(self) -> dict[str, object]:
        """The values of WHERE."""
        start, _ = day_bounds(self.period.first, self.zone)
        _, end = day_bounds(self.period.last, self.zone)
        chosen = {name: getattr(self, name) for name in FILTERS}
        return {
            "start": start,
            "end": end,
            "bound_s": self.bound_s,
            **{name: value or "" for name, value in chosen.items()},
            **{f"any_{name}": value is None for name, value in chosen.items()},
        }

    def reading(self) -> dict[str, object]:
        """As answers repeat it: every figure stands beside what was asked."""
        filters = {name: getattr(self, name) for name in FILTERS if getattr(self, name) is not None}
        return {"period": self.period, "bound_s": self.bound_s, "filters": filters}


def read_question(asked: Mapping[str, str], today: date, zone: tzinfo) -> QualityQuestion:
    """The question that the parameters ask. Raises BadQuestion."""
    chosen = {name: asked.get(name) for name in FILTERS}
    # No exam is without a site: an empty one is a form's "all".
    chosen["site"] = chosen["site"] or None
    return QualityQuestion(period=read_period(asked, today), zone=zone, bound_s=_bound_s(asked), **chosen)


def _bound_s(asked: Mapping[str, str]) -> int:
    text = asked.get("bound_s") or str(_BOUND_S)
    if not (text.isascii() and text.isdigit()) or not 1 <= int(text[:9]) <= _MOST_BOUND_S:
        raise BadQuestion(f"bound_s must be a whole number of seconds from 1 to {_MOST_BOUND_S}")
    return int(text)
