"""What is due next of each exam, as it was said, and what has to be said anew. No I/O, no clock."""

from __future__ import annotations

from collections.abc import Iterable

from processors.alerts.judging import Judged
from processors.alerts.known_exam import KnownExam
from processors.alerts.rows import due_row, says_the_same
from schemas.views import DueRow

DueSaid = tuple[str, DueRow | None]
"""Id of the exam and its row; None takes it out of the topic."""


class DueBook:
    """One row for each exam of which something is under way that has a target."""

    def __init__(self) -> None:
        self._said: dict[str, DueRow] = {}
        self._to_say: dict[str, DueRow | None] = {}

    def take_said(self, row: DueRow) -> None:
        """The topic has this row, and no later one of the same exam that was not taken, too."""
        self._said[row.exam_id] = row

    def note(self, exam: KnownExam, judged: Iterable[Judged], now_us: int) -> None:
        """How the exam stands now."""
        row, before = due_row(exam, judged, now_us), self._said.get(exam.exam_id)
        if row is None:
            if self._said.pop(exam.exam_id, None) is not None:
                self._to_say[exam.exam_id] = None
        elif before is None or not says_the_same(before, row):
            self._said[exam.exam_id] = self._to_say[exam.exam_id] = row

    def forget(self, exam_id: str) -> None:
        """Nothing more is known of the exam."""
        if self._said.pop(exam_id, None) is not None:
            self._to_say[exam_id] = None

    def settle(self) -> list[DueSaid]:
        """What has to be said; it is taken as said."""
        found, self._to_say = self._to_say, {}
        return list(found.items())
