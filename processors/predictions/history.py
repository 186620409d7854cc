"""Changes: the log told once more, as each exam became known step by step. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

from processors.facts import Fact
from processors.predictions.exam import ForecastExam, Phase
from processors.predictions.telling import Telling
from processors.stating import fact_of
from schemas.events import Event
from schemas.identity import is_exam

# What comes to an exam that is over does not change any forecast; it is kept in mind for as long as this.
_KEPT_US = 3 * 24 * 3_600_000_000


def changes_of(events: Iterable[Event]) -> Iterator[tuple[int, ForecastExam]]:
    """What became known by `events`, which come in the order in which they were recorded.

    The fold is the one that makes the worklist, so history gives the features that were there live.
    """
    return changes_of_facts((event.envelope.exam_id, fact_of(event)) for event in events)


def changes_of_facts(facts: Iterable[tuple[str, Fact]]) -> Iterator[tuple[int, ForecastExam]]:
    """The same by what events state, each with its exam_id."""
    tellings: dict[str, Telling] = {}
    over: deque[tuple[int, str]] = deque()
    ended: set[str] = set()
    for exam_id, fact in facts:
        if exam_id in ended or not is_exam(exam_id):
            continue
        telling = tellings.get(exam_id)
        if telling is None:
            telling = tellings[exam_id] = Telling(exam_id)
        exam, now_us = telling.add(fact), fact.recorded_us
        yield now_us, exam
        if exam.phase is Phase.OVER:
            over.append((now_us, exam_id))
        while over and over[0][0] < now_us - _KEPT_US:
            gone = over.popleft()[1]
            ended.add(gone)
            tellings.pop(gone, None)
