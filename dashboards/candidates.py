"""Which exams an exam's images may belong to, and which images were joined to it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dashboards.analytics import AnalyticsUnavailable
from dashboards.board import since
from dashboards.history import History
from dashboards.live import Live
from dashboards.reconciliation import reasons
from schemas.views import WorklistRow

MOST_CANDIDATES = 12
_TELLING = frozenset({"study", "accession", "patient"})


@dataclass(frozen=True, slots=True)
class Candidate:
    """An exam that the images may belong to. reasons: what both have in common."""

    row: WorklistRow
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Candidates:
    """`joined`: exam_ids whose images belong to the exam. `complete`: whether ClickHouse could be asked."""

    candidates: tuple[Candidate, ...]
    joined: tuple[str, ...]
    complete: bool


async def find(exam: WorklistRow, text: str, live: Live, history: History) -> Candidates:
    """Exams of the same patient, accession number or study; with `text` of that number or id."""
    rows = {row.exam_id: row for row in live.board if _is_sought(row, exam, text)}
    joined = {one.exam_id for one in live.moved.values() if one.reconciled_into == exam.exam_id}
    complete = True
    try:
        for row in await history.like(exam, text):
            if row.exam_id not in live.moved:
                rows.setdefault(row.exam_id, row)
        joined |= {
            exam_id for exam_id in await history.joined_to(exam.exam_id) if live.board.get(exam_id) is None
        }
    except AnalyticsUnavailable:
        complete = False
    return Candidates(tuple(_best(rows.values(), exam)), tuple(sorted(joined)), complete)


def _is_sought(row: WorklistRow, exam: WorklistRow, text: str) -> bool:
    if row.exam_id == exam.exam_id or row.stage == "cancelled":
        return False
    if text:
        return text in (row.accession_number, row.exam_id)
    return not _TELLING.isdisjoint(reasons(row, exam))


def _best(rows: Iterable[WorklistRow], exam: WorklistRow) -> Sequence[Candidate]:
    """Those with most in common first, then the one nearest in time."""
    found = [Candidate(row, tuple(reasons(row, exam))) for row in rows if row.exam_id != exam.exam_id]
    found.sort(key=lambda one: (-len(one.reasons), abs(since(one.row) - since(exam)), one.row.exam_id))
    return found[:MOST_CANDIDATES]
