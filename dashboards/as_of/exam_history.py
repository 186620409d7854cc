"""One exam as it was known after each of its events. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime

from dashboards.as_of.folding import ExamFold
from dashboards.changes import LoggedEvent
from schemas.views import TurnaroundRow, WorklistRow


class KnownExam:
    """The exam at one point; its rows are made when they are first asked for."""

    def __init__(self, fold: ExamFold) -> None:
        """`fold` is not added to any more."""
        self.fold = fold
        self._row: WorklistRow | None = None
        self._turnaround: TurnaroundRow | None = None

    @property
    def row(self) -> WorklistRow | None:
        """See ExamFold."""
        self._row = self._row or self.fold.row()
        return self._row

    @property
    def turnaround(self) -> TurnaroundRow | None:
        """See ExamFold."""
        self._turnaround = self._turnaround or self.fold.turnaround()
        return self._turnaround


class ExamHistory:
    """Goes to any instant; from one that it was at before it takes only the events between.

    Not thread-safe.
    """

    def __init__(self, beginning: ExamFold, events: Sequence[tuple[datetime, LoggedEvent]]) -> None:
        """`events` of the exam, each with when it counts."""
        ordered = sorted(events, key=lambda one: (one[0], one[1].event_id))
        self._times = [at for at, _ in ordered]
        self._events = [event for _, event in ordered]
        self._known = {0: KnownExam(beginning)}

    def count(self, at: datetime) -> int:
        """How many events count at `at`."""
        return bisect_right(self._times, at)

    def times(self, after: datetime, until: datetime) -> Sequence[datetime]:
        """When something was added, after `after` and not after `until`."""
        return self._times[bisect_right(self._times, after) : bisect_right(self._times, until)]

    def known(self, at: datetime) -> KnownExam:
        """The exam as it was known at `at`."""
        wanted = self.count(at)
        found = self._known.get(wanted)
        if found is None:
            nearest = max(count for count in self._known if count < wanted)
            fold = self._known[nearest].fold.copy()
            for event in self._events[nearest:wanted]:
                fold.add(event)
            found = self._known[wanted] = KnownExam(fold)
        return found
