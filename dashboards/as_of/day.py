"""One day of the department, at any instant of it. Pure."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from dashboards.as_of.exam_history import ExamHistory
from dashboards.as_of.folding import Folding, Judgement
from dashboards.board import Board, Changes
from dashboards.forecasts import Forecasts
from dashboards.open_alerts import OpenAlerts
from schemas.views import DueRow, PredictionRow, TurnaroundRow, WorklistRow


class PastDay:
    """The exams that stood on the board at any time of the day, or of its part that is over.

    Goes to many instants, and folds what lies between two of them once. Its callers' threads take turns.
    """

    def __init__(
        self, start: datetime, loaded_until: datetime, exams: Mapping[str, ExamHistory], folding: Folding
    ) -> None:
        """`start`: when the day began. `loaded_until`: of what comes after it nothing is known here."""
        self.start = start
        self.loaded_until = loaded_until
        self.exams = exams
        self._folding = folding
        self._lock = threading.Lock()

    def board(self, at: datetime, made: Iterable[PredictionRow]) -> PastBoard:
        """The board at `at`, with what was finished since the day began.

        `made`: the forecasts that had been made by then, the last of each milestone.
        """
        board = Board()
        board.advance(self.start)
        for row in self.rows(at):
            board.put(row)
        return PastBoard(board, self._folding, at, _forecasts(made))

    def frames(self, instants: Sequence[datetime], made: Iterable[PredictionRow]) -> Iterator[PastFrame]:
        """What the board had at the first of `instants`, which ascend, then what had changed by each.

        `made`: every forecast that one of them shows.
        """
        board, forecasts, before = Board(), Forecasts(), None
        board.advance(self.start)
        waiting = deque(sorted(made, key=lambda one: one.made_at))
        for at in instants:
            revision = board.revision
            for row in self._rows_since(before, at):
                board.put(row)
            before = at
            board.show_again(forecasts.put_until(waiting, at))
            changes = board.changes_since(revision, len(self.exams)) or Changes(board.revision, (), ())
            yield PastFrame(at, tuple(self._seen(row, at, forecasts) for row in changes.rows), changes.gone)

    def _seen(self, row: WorklistRow, at: datetime, forecasts: Forecasts) -> PastExam:
        standing = self._folding.standing(row, forecasts.of(row.exam_id))
        return PastExam(row, self._folding.judge(row, at).under_way, standing)

    def _rows_since(self, before: datetime | None, at: datetime) -> list[WorklistRow]:
        """The rows of the exams of which something was said after `before`; of all, where that is None."""
        with self._lock:
            exams = (one for one in self.exams.values() if before is None or one.times(before, at))
            found = [one.known(at).row for one in exams]
        return [row for row in found if row is not None]

    def rows(self, at: datetime) -> Iterator[WorklistRow]:
        """The row of each exam of which anything was known at `at`, on the board or not."""
        with self._lock:
            found = [self.exams[exam_id].known(at).row for exam_id in self.exams]
        yield from (row for row in found if row is not None)

    def turnaround(self, at: datetime) -> Iterator[TurnaroundRow]:
        """The intervals of each."""
        with self._lock:
            found = [exam.known(at).turnaround for exam in self.exams.values()]
        yield from (row for row in found if row is not None)


@dataclass(frozen=True, slots=True)
class PastExam:
    """One exam at an instant: its row, what was under way of it, and what was forecast of it."""

    row: WorklistRow
    under_way: tuple[DueRow, ...]
    forecasts: Mapping[str, PredictionRow]


@dataclass(frozen=True, slots=True)
class PastFrame:
    """What was new on the board at `at`: exams, and who had left."""

    at: datetime
    exams: tuple[PastExam, ...]
    gone: tuple[str, ...]


class PastBoard:
    """The board at one instant."""

    def __init__(self, board: Board, folding: Folding, at: datetime, forecasts: Forecasts) -> None:
        """`board` and `forecasts` do not change any more."""
        self.board = board
        self._forecasts = forecasts
        self._folding = folding
        self._at = at
        self._judged: dict[str, Judgement] = {}

    def judgement(self, row: WorklistRow) -> Judgement:
        """How the exam stood against its targets."""
        found = self._judged.get(row.exam_id)
        if found is None:
            found = self._judged[row.exam_id] = self._folding.judge(row, self._at)
        return found

    def due(self, row: WorklistRow) -> DueRow | None:
        """What it had to reach next."""
        return self.judgement(row).due

    def forecasts(self, row: WorklistRow) -> Mapping[str, PredictionRow]:
        """What was forecast of it, by milestone to come."""
        return self._folding.standing(row, self._forecasts.of(row.exam_id))

    def alerts(self) -> OpenAlerts:
        """What was about to miss its target, or had missed it and was still under way."""
        found = OpenAlerts()
        for row in self.board:
            for alert in self.judgement(row).alerts:
                found.put(alert.alert_id, alert)
        found.loaded = True
        return found


def _forecasts(made: Iterable[PredictionRow]) -> Forecasts:
    found = Forecasts()
    for row in made:
        found.put(row.prediction_id, row)
    return found
