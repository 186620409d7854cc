"""The board: the latest row of every exam that is under way or was finished today.

Each change gets the next revision. A reader keeps the revision it has seen and asks for what changed
since then, so that however slow it is there is never a queue for it: many changes of one exam are one,
and who is too far behind takes the whole board anew.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from schemas.views import WorklistRow

STAGES = (
    "ordered",
    "scheduled",
    "arrived",
    "in_progress",
    "acquired",
    "stored",
    "dictated",
    "preliminary",
    "final",
    "cancelled",
    "unmatched",
)
FINISHED = frozenset({"final", "cancelled"})
_REMEMBERED_CHANGES = 20_000


@dataclass(frozen=True, slots=True)
class Changes:
    """What a reader has to learn to be at `revision`: rows that are new or other, exams that left."""

    revision: int
    rows: tuple[WorklistRow, ...]
    gone: tuple[str, ...]


class Board:
    """Rows by exam. Not thread-safe: one event loop owns it."""

    def __init__(self, remembered_changes: int = _REMEMBERED_CHANGES) -> None:
        """`remembered_changes`: how many changed exams are kept for those who ask what they missed."""
        self._rows: dict[str, WorklistRow] = {}
        self._changed_at: OrderedDict[str, int] = OrderedDict()
        self._remembered = remembered_changes
        self._forgotten_to = 0
        self._horizon: datetime | None = None
        self.revision = 0

    def __len__(self) -> int:
        """How many exams stand on the board."""
        return len(self._rows)

    def __iter__(self) -> Iterator[WorklistRow]:
        """The rows, in no order that means anything."""
        return iter(self._rows.values())

    def get(self, exam_id: str) -> WorklistRow | None:
        """The row of one exam."""
        return self._rows.get(exam_id)

    def put(self, row: WorklistRow) -> None:
        """The last row put for an exam is the one that counts; a reconciled one stands elsewhere."""
        if self._is_past(row) or row.reconciled_into is not None:
            self.remove(row.exam_id)
        elif self._rows.get(row.exam_id) != row:
            self._rows[row.exam_id] = row
            self._note(row.exam_id)

    def remove(self, exam_id: str) -> None:
        """Take an exam off the board; nothing happens where it is not on it."""
        if self._rows.pop(exam_id, None) is not None:
            self._note(exam_id)

    def show_again(self, exam_ids: Collection[str]) -> None:
        """Readers get the rows of `exam_ids` once more, though nothing new was said of them."""
        for exam_id in exam_ids:
            if exam_id in self._rows:
                self._note(exam_id)

    def retain(self, exam_ids: Collection[str]) -> None:
        """Take off every exam that is not among `exam_ids`."""
        for exam_id in [exam_id for exam_id in self._rows if exam_id not in exam_ids]:
            self.remove(exam_id)

    def advance(self, horizon: datetime) -> None:
        """Finished exams that ended before `horizon` leave the board, and do not come back."""
        if horizon == self._horizon:
            return
        self._horizon = horizon
        for row in [row for row in self._rows.values() if self._is_past(row)]:
            self.remove(row.exam_id)

    def changes_since(self, revision: int, at_most: int) -> Changes | None:
        """What changed after `revision`; None where that is forgotten, or is more than `at_most` exams."""
        if not self._forgotten_to <= revision <= self.revision:
            return None
        rows: list[WorklistRow] = []
        gone: list[str] = []
        for exam_id, changed_at in reversed(self._changed_at.items()):
            if changed_at <= revision:
                break
            if len(rows) + len(gone) == at_most:
                return None
            row = self._rows.get(exam_id)
            if row is None:
                gone.append(exam_id)
            else:
                rows.append(row)
        return Changes(self.revision, tuple(reversed(rows)), tuple(reversed(gone)))

    def by_stage(self) -> dict[str, list[WorklistRow]]:
        """Every stage with the rows in it, the longest in its stage first."""
        columns: dict[str, list[WorklistRow]] = {stage: [] for stage in STAGES}
        for row in sorted(self._rows.values(), key=lambda row: (since(row), row.exam_id)):
            columns.setdefault(row.stage, []).append(row)
        return columns

    def _is_past(self, row: WorklistRow) -> bool:
        return row.stage in FINISHED and self._horizon is not None and since(row) < self._horizon

    def _note(self, exam_id: str) -> None:
        self.revision += 1
        self._changed_at[exam_id] = self.revision
        self._changed_at.move_to_end(exam_id)
        if len(self._changed_at) > self._remembered:
            self._forgotten_to = self._changed_at.popitem(last=False)[1]


def since(row: WorklistRow) -> datetime:
    """When the exam entered its stage, or the latest that is known of it."""
    return row.stage_since_at or row.last_occurred_at
