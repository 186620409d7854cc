"""What the fold says of an exam, apart from its state: a row for each view. A new view is a line here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from processors.turnaround import turnaround_draft
from processors.view import ExamView
from processors.worklist import worklist_draft
from schemas.codec import Encodable
from schemas.topics import TURNAROUND, WORKLIST


@dataclass(frozen=True, slots=True)
class View:
    """A view: its name for commands, its compacted topic, and the row of an exam that has facts."""

    name: str
    topic: str
    row_of: Callable[[ExamView], Encodable]


VIEWS = (
    View("worklist", WORKLIST, worklist_draft),
    View("turnaround", TURNAROUND, turnaround_draft),
)
