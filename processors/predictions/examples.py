"""Examples: features as they were at past instants, with what came of the exams. Pure."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo

import numpy as np
import numpy.typing as npt

from processors.predictions.department import MINUTE_US, Department
from processors.predictions.dues import dues
from processors.predictions.exam import PREDICTED, ForecastExam, Phase
from processors.predictions.features import CATEGORIES, FEATURES, Row, feature_row
from schemas.parts import Target

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Words = npt.NDArray[np.str_]

Change = tuple[int, ForecastExam]
"""When something became known, in microseconds, and what is known of the exam since."""


@dataclass(frozen=True, slots=True)
class Examples:
    """n examples. Times in microseconds since the epoch.

    words: (n, categories). numbers: (n, other features). at_us: when each would have been forecast.
    is_coming, end_us, known_us: (n, milestones): whether the milestone was to come; when it came and when
    that became known, 0 where it never did. due_us: (n, milestones): until when it had to come, 0 where no
    target says.
    """

    words: Words
    numbers: Floats
    at_us: Ints
    phase: Ints
    priority: Words
    is_coming: npt.NDArray[np.bool_]
    end_us: Ints
    known_us: Ints
    due_us: Ints

    def __len__(self) -> int:
        return len(self.at_us)

    def take(self, chosen: npt.NDArray[np.bool_] | Ints) -> Examples:
        """Those that are chosen, by a mask or by place."""
        return Examples(*(getattr(self, name)[chosen] for name in self.__slots__))

    def minutes(self, milestone: str) -> Floats:
        """Minutes until the milestone; NaN where it never came, 0 where it had come unknown to us."""
        end_us = self.end_us[:, PREDICTED.index(milestone)]
        left = np.maximum(0.0, (end_us - self.at_us) / MINUTE_US)
        return np.where(end_us > 0, left, np.nan)

    def minutes_to_due(self, milestone: str) -> Floats:
        """How long until the milestone has to come; negative where it is late, NaN where no target says."""
        due_us = self.due_us[:, PREDICTED.index(milestone)]
        return np.where(due_us > 0, (due_us - self.at_us) / MINUTE_US, np.nan)


@dataclass(frozen=True, slots=True)
class Sample:
    """Which of all instants are looked at; the same `seed` gives the same ones."""

    share: float = 1.0
    look_every_min: float = 30.0
    looks: int = 4
    seed: int = 0


WHOLE = Sample()


@dataclass(slots=True)
class _Taken:
    rows: list[Row] = field(default_factory=list)
    at_us: list[int] = field(default_factory=list)
    exams: list[ForecastExam] = field(default_factory=list)


class _Outcomes:
    """What came of the exams, as last said, and when each milestone became known."""

    def __init__(self) -> None:
        self._end_us: dict[str, list[int]] = {}
        self._known_us: dict[str, list[int]] = {}

    def note(self, exam: ForecastExam, now_us: int) -> None:
        ends = [exam.reached.get(name, 0) for name in PREDICTED]
        known = self._known_us.setdefault(exam.exam_id, [0] * len(PREDICTED))
        for place, end_us in enumerate(ends):
            if end_us and not known[place]:
                known[place] = now_us
        self._end_us[exam.exam_id] = ends

    def of(self, exams: list[ForecastExam]) -> tuple[Ints, Ints]:
        never = [0] * len(PREDICTED)
        ends = np.array([self._end_us.get(exam.exam_id, never) for exam in exams], dtype=np.int64)
        known = np.array([self._known_us.get(exam.exam_id, never) for exam in exams], dtype=np.int64)
        shape = (len(exams), len(PREDICTED))
        return ends.reshape(shape), known.reshape(shape)


def examples_of(
    changes: Iterable[Change],
    zone: tzinfo,
    targets: Sequence[Target] = (),
    sample: Sample = WHOLE,
) -> Examples:
    """The examples that `changes` give, which come in the order in which they became known.

    An exam is looked at when it changes (`sample.share` of the changes), and while nothing changes: every
    `look_every_min` minutes `looks` of the open exams are. `targets`: what dues are judged by, whatever was
    in force then.
    """
    taken, outcomes = _Taken(), _Outcomes()
    for department, exam, now_us in _looks(changes, outcomes, sample):
        taken.rows.append(feature_row(exam, department, now_us, zone))
        taken.at_us.append(now_us)
        taken.exams.append(exam)
    return _arrays(taken, outcomes, targets)


def examples_now(
    exams: Sequence[ForecastExam],
    department: Department,
    now_us: int,
    zone: tzinfo,
    targets: Sequence[Target] = (),
) -> Examples:
    """The same of `exams` at `now_us`, of which nobody knows yet what will come."""
    rows = [feature_row(exam, department, now_us, zone) for exam in exams]
    return _arrays(_Taken(rows, [now_us] * len(rows), list(exams)), _Outcomes(), targets)


def _looks(
    changes: Iterable[Change], outcomes: _Outcomes, sample: Sample
) -> Iterator[tuple[Department, ForecastExam, int]]:
    department, draws = Department(), random.Random(sample.seed)  # noqa: S311 - a sample, no secret
    every_us, next_us = int(sample.look_every_min * MINUTE_US), 0
    for now_us, exam in changes:
        next_us = next_us or now_us
        while next_us <= now_us:
            at_hand = [one for one in department.open_exams() if one.phase is not Phase.PLANNED]
            for one in draws.sample(at_hand, min(sample.looks, len(at_hand))):
                yield department, one, next_us
            next_us += every_us
        department.take(exam, now_us)
        outcomes.note(exam, now_us)
        if exam.coming and draws.random() < sample.share:
            yield department, exam, now_us


def _arrays(taken: _Taken, outcomes: _Outcomes, targets: Sequence[Target]) -> Examples:
    words, count = len(CATEGORIES), len(taken.rows)
    ends, known = outcomes.of(taken.exams)
    due = [dues(exam, targets) for exam in taken.exams]
    due_us = [[by_name[name].due_us if name in by_name else 0 for name in PREDICTED] for by_name in due]
    coming = [[name in exam.coming for name in PREDICTED] for exam in taken.exams]
    return Examples(
        words=np.array([row[:words] for row in taken.rows], dtype=np.str_).reshape(count, words),
        numbers=np.array([row[words:] for row in taken.rows], dtype=np.float64).reshape(
            count, len(FEATURES) - words
        ),
        at_us=np.array(taken.at_us, dtype=np.int64),
        phase=np.array([exam.phase.value for exam in taken.exams], dtype=np.int64),
        priority=np.array([exam.priority for exam in taken.exams], dtype=np.str_),
        is_coming=np.array(coming, dtype=np.bool_).reshape(count, len(PREDICTED)),
        end_us=ends,
        known_us=known,
        due_us=np.array(due_us, dtype=np.int64).reshape(count, len(PREDICTED)),
    )
