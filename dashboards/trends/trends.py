"""The figures of the turnaround page. Every question may raise AnalyticsUnavailable."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from dashboards.analytics import Asks, Row
from dashboards.cards import Json
from dashboards.choice import FILTERS
from dashboards.interval_words import interval_words
from dashboards.trends import rollup_sql, sql
from dashboards.trends.levels import Levels
from dashboards.trends.question import Period, TrendQuestion

# An exam's way in steps that follow one another: which of them is the slowest.
STAGES = (
    "order_to_arrival",
    "arrival_to_start",
    "acquisition",
    "completion_to_preliminary",
    "preliminary_to_final",
)
_FROM_ROLLUPS = ("summary", "trend", "heatmap", "stages")
_BINS = 30
_PERCENTS = (25, 50, 75, 90, 95)
# Widths of a bin that people count in, seconds.
_WIDTHS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400)
MOST_NAMES = 60


class Trends:
    """Asks ClickHouse about a period."""

    def __init__(self, analytics: Asks) -> None:
        """Nothing is asked yet."""
        self._analytics = analytics
        self._levels = Levels(analytics)

    async def counted_by(self, part: str, question: TrendQuestion) -> str:
        """What the cells of the rollup are that `part` is from: hour or day; exam where it is from none."""
        return await self._levels.of(question) if part in _FROM_ROLLUPS else "exam"

    async def summary(self, question: TrendQuestion) -> list[Json]:
        """One row for the period, one for that which it is compared with."""
        text = rollup_sql.SUMMARY[await self._levels.of(question)]
        return await self._each(question, text, _summary)

    async def trend(self, question: TrendQuestion) -> list[Json]:
        """Percentiles of each day, or each hour of a short period, by the department's clock."""
        text = rollup_sql.TREND[await self._levels.of(question)]
        return await self._each(question, text, _bucket, by_hour=question.by_hour)

    async def heatmap(self, question: TrendQuestion) -> list[Json]:
        """Percentiles by weekday (1 Monday) and hour of the end, by the department's clock."""
        asked = self._asked(question, question.period)
        text = rollup_sql.HEATMAP[await self._levels.of(question)]
        return [_cell(row) for row in await self._analytics.ask(text, asked)]

    async def stages(self, question: TrendQuestion) -> list[Json]:
        """The steps of an exam's way in their order, each with its share of all; the slowest is marked."""
        asked = {**self._asked(question, question.period), "stages": list(STAGES)}
        text = rollup_sql.STAGES[await self._levels.of(question)]
        found = {row["interval"]: row for row in await self._analytics.ask(text, asked)}
        rows = [{**interval_words(name), **_figures(found[name])} for name in STAGES if name in found]
        whole = sum(row["p50_s"] for row in rows) or 1.0
        slowest = max((row["p50_s"] for row in rows), default=0.0)
        return [{**row, "share": row["p50_s"] / whole, "is_slowest": row["p50_s"] == slowest} for row in rows]

    async def distribution(self, question: TrendQuestion) -> list[Json]:
        """How many exams took how long, in bins of one width; the last has all that took longer."""
        tops = await asyncio.gather(*(self._top(question, period) for _, period in _periods(question)))
        width_s = next((width for width in _WIDTHS_S if max(tops) / width <= _BINS), max(tops) / _BINS)
        return await self._each(
            question, sql.DISTRIBUTION, _binned(width_s), width_s=float(width_s), bins=_BINS
        )

    async def readers(self, question: TrendQuestion) -> list[Json]:
        """By who read them last, a pseudonym; the ones with most exams first."""
        return await self._by_name(question, sql.READERS)

    async def scanners(self, question: TrendQuestion) -> list[Json]:
        """By the scanner's AE title; the ones with most exams first."""
        return await self._by_name(question, sql.SCANNERS)

    async def exams(self, question: TrendQuestion, after: tuple[str, str] | None, limit: int) -> list[Json]:
        """The exams themselves by when the interval ended, at most `limit` after the one at `after`."""
        after_at, after_id = after or ("1970-01-01T00:00:00+00:00", "")
        place = {"after_at": datetime.fromisoformat(after_at), "after_id": after_id, "limit": limit}
        asked = {**self._asked(question, question.period), **place}
        text = sql.of_days(sql.EXAMS, question.period.days)
        return [_exam(row) for row in await self._analytics.ask(text, asked)]

    async def choices(self) -> Mapping[str, list[str]]:
        """The values that each filter can take."""
        (row,) = await self._analytics.ask(sql.CHOICES, {})
        return {name: [value for value in row[name] if value] for name in FILTERS}

    async def _top(self, question: TrendQuestion, period: Period) -> float:
        (row,) = await self._analytics.ask(sql.of_days(sql.TOP, period.days), self._asked(question, period))
        return float(row["top_s"]) if row["exams"] else 1.0

    async def _by_name(self, question: TrendQuestion, text: str) -> list[Json]:
        text = sql.of_days(text, question.period.days)
        rows = await self._analytics.ask(text, self._asked(question, question.period))
        told = [{"name": row["name"], **_figures(row)} for row in rows]
        return sorted(told, key=lambda row: (-row["exams"], row["name"]))[:MOST_NAMES]

    async def _each(self, question: TrendQuestion, text: str, read: Any, **more: object) -> list[Json]:
        """The same of the period and of the one that it is compared with, each row marked with its own."""
        periods = _periods(question)
        asked = (
            self._analytics.ask(sql.of_days(text, period.days), {**self._asked(question, period), **more})
            for _, period in periods
        )
        found = await asyncio.gather(*asked)
        return [{"of": of, **read(row)} for (of, _), rows in zip(periods, found, strict=True) for row in rows]

    def _asked(self, question: TrendQuestion, period: Period) -> dict[str, object]:
        return question.parameters(period)


def _periods(question: TrendQuestion) -> list[tuple[str, Period]]:
    compared = [] if question.compare is None else [("compare", question.compare)]
    return [("period", question.period), *compared]


def _figures(row: Row) -> Json:
    exams = int(row["exams"])
    values = row["quantiles_s"] if exams else [None] * len(_PERCENTS)
    return {
        "exams": exams,
        **{f"p{percent}_s": value for percent, value in zip(_PERCENTS, values, strict=True)},
    }


def _summary(row: Row) -> Json:
    figures = _figures(row)
    mean = float(row["seconds"]) / figures["exams"] if figures["exams"] else None
    return {**figures, "mean_s": mean, "excluded": int(row["excluded"])}


def _bucket(row: Row) -> Json:
    return {"at": str(row["bucket"]), **_figures(row)}


def _cell(row: Row) -> Json:
    return {"weekday": int(row["weekday"]), "hour": int(row["hour_of_day"]), **_figures(row)}


def _binned(width_s: float) -> Any:
    def read(row: Row) -> Json:
        number = int(row["bin"])
        to_s = None if number == _BINS else (number + 1) * width_s
        return {"from_s": number * width_s, "to_s": to_s, "exams": int(row["exams"])}

    return read


def _exam(row: Row) -> Json:
    told = dict(row)
    for name in ("start_at", "end_at"):
        told[name] = row[name].replace(tzinfo=UTC) if row[name].tzinfo is None else row[name]
    return told
