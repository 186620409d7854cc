"""Changes: the log told once more, as each exam became known step by step. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

from processors.exam_state import ExamState
from processors.facts import to_us
from processors.predictions.exam import ForecastExam, Phase, exam_of_view
from processors.view import view_of
from schemas.events import Event
from schemas.identity import is_exam

# What comes to an exam that is over does not change any forecast; it is kept in mind for as long as this.
_KEPT_US = 3 * 24 * 3_600_000_000


def changes_of(events: Iterable[Event]) -> Iterator[tuple[int, ForecastExam]]:
    """What became known by `events`, which come in the order in which they were recorded.

    The fold is the one that makes the worklist, so history gives the features that were there live.
    """
    states: dict[str, ExamState] = {}
    over: deque[tuple[int, str]] = deque()
    ended: set[str] = set()
    for event in events:
        exam_id = event.envelope.exam_id
        if exam_id in ended or not is_exam(exam_id):
            continue
        state = states.setdefault(exam_id, ExamState(exam_id))
        state.add(event)
        now_us = to_us(event.envelope.recorded_at)
        exam = exam_of_view(view_of(state))
        yield now_us, exam
        if exam.phase is Phase.OVER:
            over.append((now_us, exam_id))
        while over and over[0][0] < now_us - _KEPT_US:
            gone = over.popleft()[1]
            ended.add(gone)
            states.pop(gone, None)
