"""Examples: features as they were at past instants, with what came of the exams. Pure."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import tzinfo

import numpy as np
import numpy.typing as npt

from processors.predictions.department import MINUTE_US, Department
from processors.predictions.exam import PREDICTED, ForecastExam, Phase
from processors.predictions.features import feature_row
from processors.predictions.gathering import Gathering, Outcomes
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
MOST_CHANGES = 1_000_000
"""As many changes are looked at, evenly over time: enough for each milestone's forests, in a GB."""


def sample_of(changes: int, most: int = MOST_CHANGES) -> Sample:
    """A sample of so many changes that holds about `most` of them."""
    return Sample(share=min(1.0, most / max(1, changes)))


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
    gathering, outcomes = Gathering(targets), Outcomes()
    for department, exam, now_us in _looks(changes, outcomes, sample):
        row = feature_row(exam, department, now_us, zone)
        gathering.add(row, exam, now_us, outcomes.number_of(exam.exam_id))
    return _examples(gathering, outcomes)


def examples_now(
    exams: Sequence[ForecastExam],
    department: Department,
    now_us: int,
    zone: tzinfo,
) -> Examples:
    """The same of `exams` at `now_us`, of which nobody knows yet what will come, without their dues."""
    gathering, outcomes = Gathering(()), Outcomes()
    for exam in exams:
        row = feature_row(exam, department, now_us, zone)
        gathering.add(row, exam, now_us, outcomes.number_of(exam.exam_id))
    return _examples(gathering, outcomes)


def _looks(
    changes: Iterable[Change], outcomes: Outcomes, sample: Sample
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


def _examples(gathering: Gathering, outcomes: Outcomes) -> Examples:
    gathered = gathering.whole()
    end_us, known_us = outcomes.of(gathered.exams)
    return Examples(
        gathered.words,
        gathered.numbers,
        gathered.at_us,
        gathered.phase,
        gathered.priority,
        gathered.is_coming,
        end_us,
        known_us,
        gathered.due_us,
    )
