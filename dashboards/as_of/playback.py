"""A day of the board as a few hundred frames: what changed from each to the next. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from dashboards.as_of.day import PastExam, PastFrame
from dashboards.cards import Json, card
from dashboards.interval_words import interval_words
from dashboards.patients import Patients
from schemas.views import DueRow

STEP = timedelta(minutes=5)


def instants(start: datetime, end: datetime, step: timedelta, also: datetime) -> list[datetime]:
    """From `start` to `end` in steps, both of them and `also` among them where it lies there."""
    steps = int((end - start) / step)
    found = {start + number * step for number in range(steps + 1)} | {end}
    return sorted(found | ({also} if start <= also <= end else set()))


class Cards:
    """Exams as a page has them after each frame: of what it has already only the difference is told."""

    def __init__(self, patients: Patients) -> None:
        """`patients`: as far as the reader may see them."""
        self._patients = patients
        self._told: dict[str, Json] = {}

    def frame(self, frame: PastFrame) -> Json:
        """The frame for a page that has those before it. A field that is null has no value any more."""
        for exam_id in frame.gone:
            self._told.pop(exam_id, None)
        rows = [found for exam in frame.exams if len(found := self._patch(exam)) > 1]
        return {"at": frame.at, "rows": rows, "gone": frame.gone}

    def _patch(self, exam: PastExam) -> Json:
        row, under_way = exam.row, exam.under_way
        due = min(under_way, key=lambda one: (one.due_at, one.interval), default=None)
        now = card(row, self._patients, due, exam.forecasts)
        if under_way:
            now["targets"] = [*_targets(under_way)]
        before = self._told.get(row.exam_id, {})
        self._told[row.exam_id] = now
        changed = {name: value for name, value in now.items() if before.get(name) != value}
        gone = {name: None for name in before if name not in now}
        return {"exam_id": row.exam_id, **changed, **gone}


def _targets(under_way: Sequence[DueRow]) -> Iterator[Json]:
    """What an alert is made from, when its time comes."""
    for one in sorted(under_way, key=lambda one: (one.due_at, one.interval)):
        label = interval_words(one.interval)["label"]
        yield {"interval": one.interval, "label": label, "warn_at": one.warn_at, "due_at": one.due_at}
