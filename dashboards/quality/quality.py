"""The figures of the quality page. Every question may raise AnalyticsUnavailable."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from dashboards.analytics import Asks, Row
from dashboards.cards import Json
from dashboards.quality import sql
from dashboards.quality.behind import BEHIND
from dashboards.quality.definitions import CONTRADICTIONS, FAULTS, MISSING, PARTS, Fault
from dashboards.quality.question import QualityQuestion
from dashboards.quality.shared import SharedQuestions
from dashboards.questions import BadQuestion

_SOURCE = ("system", "facility", "protocol")
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


class Quality:
    """Asks ClickHouse about a period."""

    def __init__(self, analytics: Asks) -> None:
        """Nothing is asked yet."""
        self._analytics = analytics
        self._shared = SharedQuestions(analytics)

    async def missing(self, question: QualityQuestion) -> list[Json]:
        """By source and by what an exam lacks: how many of its finished exams lack it."""
        return await self._by_fault(question, sql.BY_SOURCE_MISSING, MISSING)

    async def contradictions(self, question: QualityQuestion) -> list[Json]:
        """By source and kind of contradiction: how many of its exams have it."""
        return await self._by_fault(question, sql.BY_SOURCE_CONTRADICTIONS, CONTRADICTIONS)

    async def late(self, question: QualityQuestion) -> list[Json]:
        """By source: how long events took to reach us, seconds, and how many took longer than the bound."""
        return await self._each(question, sql.BY_SOURCE_LATE, _late)

    async def duplicates(self, question: QualityQuestion) -> list[Json]:
        """By source: events that came again, and how many copies there were of them."""
        return await self._each(question, sql.BY_SOURCE_DUPLICATES, _duplicates)

    async def clocks(self, question: QualityQuestion) -> list[Json]:
        """By source: its clock less ours, seconds; above zero it is ahead."""
        return await self._each(question, sql.BY_SOURCE_CLOCKS, _clock)

    async def scanners(self, question: QualityQuestion) -> list[Json]:
        """By scanner: its exams, and those whose times contradict each other."""
        return await self._each(question, sql.BY_SCANNER, _scanner)

    async def summary(self, question: QualityQuestion) -> list[Json]:
        """One row per part that counts something: how many there are, of how many, and the share."""
        missing, late, duplicates, contradictions, clocks = await asyncio.gather(
            self._shared.ask(sql.BY_SOURCE_MISSING, question.parameters()),
            self.late(question),
            self.duplicates(question),
            self._shared.ask(sql.BY_SOURCE_CONTRADICTIONS, question.parameters()),
            self.clocks(question),
        )
        events = _sum(late, "events")
        return [
            _share("missing", _sum(missing, "n_any"), _sum(missing, "n_exams")),
            _share("late", _sum(late, "late"), events),
            _share("duplicates", _sum(duplicates, "copies"), events),
            _share("contradictions", _sum(contradictions, "n_any"), _sum(contradictions, "n_exams")),
            _share("clocks", _sum(clocks, "faults"), events),
        ]

    async def choices(self, question: QualityQuestion) -> Mapping[str, object]:
        """The sites and sources that there are in the period."""
        rows = await self._analytics.ask(sql.CHOICES, question.parameters())
        sources = {tuple(row[name] for name in _SOURCE): None for row in rows}
        return {
            "site": sorted({row["site"] for row in rows} - {""}),
            "sources": [dict(zip(_SOURCE, source, strict=True)) for source in sources],
        }

    async def behind(
        self,
        question: QualityQuestion,
        part: str,
        fault: str,
        *,
        station: str,
        after: tuple[str, str] | None,
        limit: int,
    ) -> list[Json]:
        """The exams or events behind a figure, the latest first, at most `limit` after the one at `after`.

        Raises BadQuestion where the part has no such fault.
        """
        text = BEHIND.get((part, fault))
        if text is None:
            known = ", ".join(FAULTS[part]) if part in FAULTS else "none"
            raise BadQuestion(f"fault of {part} must be: {known}")
        after_at, after_id = after or (_BEGINNING.isoformat(), "")
        place = {"after_at": datetime.fromisoformat(after_at), "after_id": after_id, "limit": limit}
        asked = {**question.parameters(), **place, "station": station}
        return [_with_zone(row) for row in await self._analytics.ask(text, asked)]

    async def _by_fault(self, question: QualityQuestion, text: str, faults: Sequence[Fault]) -> list[Json]:
        rows = await self._shared.ask(text, question.parameters())
        return [
            {
                **_source(row),
                "fault": fault.name,
                "label": fault.label,
                "exams": int(row["n_exams"]),
                "faulty": int(row[f"n_{fault.name}"]),
                "share": row[f"n_{fault.name}"] / row["n_exams"],
            }
            for row in rows
            for fault in faults
        ]

    async def _each(self, question: QualityQuestion, text: str, read: Callable[[Row], Json]) -> list[Json]:
        return [read(row) for row in await self._shared.ask(text, question.parameters())]


def _source(row: Row) -> Json:
    return {name: row[name] for name in _SOURCE}


def _late(row: Row) -> Json:
    p50_s, p95_s = row["quantiles_s"]
    late = int(row["n_late"])
    figures = {"p50_s": p50_s, "p95_s": p95_s, "max_s": row["max_s"]}
    return {
        **_source(row),
        "events": int(row["n_events"]),
        **figures,
        "late": late,
        "share": late / row["n_events"],
    }


def _duplicates(row: Row) -> Json:
    return {
        **_source(row),
        "events": int(row["n_events"]),
        "copies": int(row["n_copies"]),
        "exams": int(row["n_exams"]),
        "event_types": " ".join(sorted(row["event_types"])),
        "last_at": _aware(row["last_at"]),
    }


def _clock(row: Row) -> Json:
    p25_s, p50_s, p75_s, p99_s = row["quantiles_s"]
    return {
        **_source(row),
        "events": int(row["n_events"]),
        "median_s": p50_s,
        "spread_s": p75_s - p25_s,
        "nearest_s": p99_s,
        "ahead": int(row["n_ahead"]),
        "faults": int(row["n_faults"]),
    }


def _scanner(row: Row) -> Json:
    faulty = int(row["n_faults"])
    return {
        "station": row["station"],
        "modality": row["modality"],
        "exams": int(row["n_exams"]),
        "faulty": faulty,
        "share": faulty / row["n_exams"],
        "faults": " ".join(row["faults"]),
    }


def _share(part: str, count: int, of: int) -> Json:
    return {
        "part": part,
        "count": count,
        "of": of,
        "share": count / of if of else None,
        "meaning": PARTS[part],
    }


def _sum(rows: Sequence[Mapping[str, Any]], name: str) -> int:
    return sum(int(row[name]) for row in rows)


def _with_zone(row: Row) -> Json:
    told: Json = {}
    for name, value in row.items():
        told[name] = " ".join(value) if name == "clock_faults" else value
        if isinstance(value, datetime):
            told[name] = _aware(value)
    return told


def _aware(at: datetime) -> datetime:
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at
