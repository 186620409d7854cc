"""The figures of the what-if page. Every question may raise AnalyticsUnavailable."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from dashboards.analytics import Analytics, Row
from dashboards.cards import Json
from dashboards.interval_words import interval_words
from dashboards.what_if import sql
from dashboards.what_if.question import WhatIf

# A column that a group is of has no bit in GROUPING: interval, modality, priority, hour from the left.
_BY = {0b1111: "all", 0b0111: "interval", 0b1011: "modality", 0b1101: "priority", 0b1110: "hour"}
_VALUE = {"interval": "interval", "modality": "modality", "priority": "urgency", "hour": "hour_of_day"}
_SIDES = ("now", "then")


class WhatIfs:
    """Asks ClickHouse what was late, and what would have been."""

    def __init__(self, analytics: Analytics) -> None:
        """Nothing is asked yet."""
        self._analytics = analytics

    async def figures(self, question: WhatIf) -> list[Json]:
        """Both sides of all exams, then by interval, modality, priority and hour of the end."""
        rows = await self._analytics.ask(sql.FIGURES, question.parameters())
        told = [_told(row) for row in rows]
        order = list(_BY.values())
        return sorted(told, key=lambda row: (order.index(row["by"]), _place(row)))

    async def changed(self, question: WhatIf, after: tuple[str, str] | None, limit: int) -> list[Json]:
        """The exams that one side calls late and the other does not, by when the interval ended."""
        after_at, after_id = after or ("1970-01-01T00:00:00+00:00", "")
        place = {"after_at": datetime.fromisoformat(after_at), "after_id": after_id, "limit": limit}
        rows = await self._analytics.ask(sql.CHANGED, {**question.parameters(), **place})
        return [_changed(row) for row in rows]


def place_of(row: Json) -> tuple[str, str]:
    """Where the next page goes on."""
    return row["end_at"].isoformat(), f"{row['exam_id']}/{row['interval']}"


def _told(row: Row) -> Json:
    by = _BY[int(row["by"])]
    value = None if by == "all" else row[_VALUE[by]]
    label = interval_words(value)["label"] if by == "interval" and value is not None else value
    return {
        "by": by,
        "value": value,
        "label": label or ("unknown" if by != "all" else "all"),
        "exams": int(row["exams"]),
        **{name: figure for side in _SIDES for name, figure in _side(row, side)},
        "newly_late": int(row["newly_late"]),
        "no_longer_late": int(row["no_longer_late"]),
    }


def _side(row: Row, side: str) -> Iterator[tuple[str, object]]:
    judged, late = int(row[f"{side}_judged"]), int(row[f"{side}_late_exams"])
    yield f"{side}_judged", judged
    yield f"{side}_late", late
    yield f"{side}_late_share", late / judged if judged else None
    yield f"{side}_median_late_s", row[f"{side}_median_late_s"]


def _place(row: Json) -> tuple[float, str]:
    return (float(row["value"]), "") if row["by"] == "hour" else (-float(row["exams"]), str(row["value"]))


def _changed(row: Row) -> Json:
    told = {**row, "label": interval_words(row["interval"])["label"]}
    for name in ("start_at", "end_at"):
        told[name] = row[name].replace(tzinfo=UTC) if row[name].tzinfo is None else row[name]
    return told
