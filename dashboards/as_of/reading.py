"""Rows of the events' table as logged events. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from dashboards.analytics import Row
from dashboards.as_of.exam_history import ExamHistory
from dashboards.as_of.folding import Folding
from dashboards.as_of.instant import Sense
from dashboards.changes import LoggedEvent
from dashboards.stored_rows import logged_event


def histories(rows: Iterable[Row], sense: Sense, folding: Folding) -> dict[str, ExamHistory]:
    """By exam, what its events say."""
    counts_at = _counts_at(sense, folding)
    of_exam: dict[str, list[tuple[datetime, LoggedEvent]]] = {}
    for row in rows:
        event = logged_event(row)
        of_exam.setdefault(event.exam_id, []).append((counts_at(event), event))
    return {exam_id: ExamHistory(folding.begin(exam_id), events) for exam_id, events in of_exam.items()}


def _counts_at(sense: Sense, folding: Folding) -> Callable[[LoggedEvent], datetime]:
    if sense is Sense.RECORDED:
        return lambda event: event.recorded_at
    return folding.believed_at
