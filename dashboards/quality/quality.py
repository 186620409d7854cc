"""The figures of the quality page. Every question may raise AnalyticsUnavailable."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from dashboards.analytics import Asks, Row
from dashboards.cards import Json
from dashboards.quality import sql
from dashboards.quality.behind import BEHIND
from dashboards.quality.definitions import CONTRADICTIONS, FAULTS, MISSING, Fault
from dashboards.quality.figures import (
    SOURCE,
    clock_of,
    duplicates_of,
    late_of,
    scanner_of,
    share_of,
    source_of,
    total_of,
    with_zone,
)
from dashboards.quality.question import QualityQuestion
from dashboards.quality.shared import SharedQuestions
from dashboards.questions import BadQuestion

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
        return await self._each(question, sql.BY_SOURCE_LATE, late_of)

    async def duplicates(self, question: QualityQuestion) -> list[Json]:
        """By source: events that came again, and how many copies there were of them."""
        return await self._each(question, sql.BY_SOURCE_DUPLICATES, duplicates_of)

    async def clocks(self, question: QualityQuestion) -> list[Json]:
        """By source: its clock less ours, seconds; above zero it is ahead."""
        return await self._each(question, sql.BY_SOURCE_CLOCKS, clock_of)

    async def scanners(self, question: QualityQuestion) -> list[Json]:
        """By scanner: its exams, and those whose times contradict each other."""
        return await self._each(question, sql.BY_SCANNER, scanner_of)

    async def summary(self, question: QualityQuestion) -> list[Json]:
        """One row per part that counts something: how many there are, of how many, and the share."""
        missing, late, duplicates, contradictions, clocks = await asyncio.gather(
            self._shared.ask(sql.BY_SOURCE_MISSING, question.parameters()),
            self.late(question),
            self.duplicates(question),
            self._shared.ask(sql.BY_SOURCE_CONTRADICTIONS, question.parameters()),
            self.clocks(question),
        )
        events = total_of(late, "events")
        return [
            share_of("missing", total_of(missing, "n_any"), total_of(missing, "n_exams")),
            share_of("late", total_of(late, "late"), events),
            share_of("duplicates", total_of(duplicates, "copies"), events),
            share_of(
                "contradictions", total_of(contradictions, "n_any"), total_of(contradictions, "n_exams")
            ),
            share_of("clocks", total_of(clocks, "faults"), events),
        ]

    async def choices(self, question: QualityQuestion) -> Mapping[str, object]:
        """The sites and sources that there are in the period."""
        rows = await self._analytics.ask(sql.CHOICES, question.parameters())
        sources = {tuple(row[name] for name in SOURCE): None for row in rows}
        return {
            "site": sorted({row["site"] for row in rows} - {""}),
            "sources": [dict(zip(SOURCE, source, strict=True)) for source in sources],
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
        return [with_zone(row) for row in await self._analytics.ask(text, asked)]

    async def _by_fault(self, question: QualityQuestion, text: str, faults: Sequence[Fault]) -> list[Json]:
        rows = await self._shared.ask(text, question.parameters())
        return [
            {
                **source_of(row),
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
