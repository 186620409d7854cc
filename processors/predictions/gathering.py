"""Gathering: looks at exams as columns, block by block: a million rows of objects take gigabytes."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from processors.predictions.dues import dues
from processors.predictions.exam import PREDICTED, ForecastExam
from processors.predictions.features import CATEGORIES, FEATURES, Row
from schemas.parts import Target

Ints = npt.NDArray[np.int64]
_BLOCK = 20_000
_MILESTONES = len(PREDICTED)
_WORDS = len(CATEGORIES)
_NOTHING = (0,) * _MILESTONES


class Outcomes:
    """What came of the exams, as last said, and since when each milestone is known to be then."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._end_us = array("q")
        self._known_us = array("q")

    def number_of(self, exam_id: str) -> int:
        """What `of` calls the exam by."""
        number = self._numbers.get(exam_id)
        if number is None:
            number = self._numbers[exam_id] = len(self._numbers)
            self._end_us.extend(_NOTHING)
            self._known_us.extend(_NOTHING)
        return number

    def note(self, exam: ForecastExam, now_us: int) -> None:
        """`exam` is what is known of it from `now_us` on."""
        first = self.number_of(exam.exam_id) * _MILESTONES
        for place, name in enumerate(PREDICTED, first):
            end_us = exam.reached.get(name, 0)
            if end_us != self._end_us[place]:  # it came, is another one by now, or was taken back
                self._end_us[place] = end_us
                self._known_us[place] = now_us if end_us else 0

    def of(self, numbers: Ints) -> tuple[Ints, Ints]:
        """(n, milestones): when each came, and when that became known; 0 where it never did."""
        ends, known = (
            np.array(column, dtype=np.int64).reshape(-1, _MILESTONES)
            for column in (self._end_us, self._known_us)
        )
        return ends[numbers], known[numbers]


class Gathered(NamedTuple):
    """n looks, as Examples has them; exams: the number of each one's exam."""

    words: npt.NDArray[np.str_]
    numbers: npt.NDArray[np.float64]
    at_us: Ints
    phase: Ints
    priority: npt.NDArray[np.str_]
    is_coming: npt.NDArray[np.bool_]
    due_us: Ints
    exams: Ints


class Gathering:
    """Takes one look after the other."""

    def __init__(self, targets: Sequence[Target]) -> None:
        self._targets = targets
        self._blocks: list[Gathered] = []
        self._looks: list[tuple[Row, ForecastExam, int, int]] = []

    def add(self, row: Row, exam: ForecastExam, now_us: int, number: int) -> None:
        """The features of `exam`, which is called `number`, at `now_us`."""
        self._looks.append((row, exam, now_us, number))
        if len(self._looks) == _BLOCK:
            self._blocks.append(self._block())
            self._looks.clear()

    def whole(self) -> Gathered:
        """All of them, in the order in which they came."""
        columns = zip(*self._blocks, self._block(), strict=True)
        return Gathered(*(np.concatenate(column) for column in columns))

    def _block(self) -> Gathered:
        count = len(self._looks)
        rows, exams, at_us, numbers = zip(*self._looks, strict=True) if count else ((), (), (), ())
        coming = [[name in ahead for name in PREDICTED] for ahead in (exam.coming for exam in exams)]
        return Gathered(
            np.array([row[:_WORDS] for row in rows], dtype=np.str_).reshape(count, _WORDS),
            np.array([row[_WORDS:] for row in rows], dtype=np.float64).reshape(count, len(FEATURES) - _WORDS),
            np.array(at_us, dtype=np.int64),
            np.array([exam.phase.value for exam in exams], dtype=np.int64),
            np.array([exam.priority for exam in exams], dtype=np.str_),
            np.array(coming, dtype=np.bool_).reshape(count, _MILESTONES),
            np.array([self._due_us(exam) for exam in exams], dtype=np.int64).reshape(count, _MILESTONES),
            np.array(numbers, dtype=np.int64),
        )

    def _due_us(self, exam: ForecastExam) -> Sequence[int]:
        if not self._targets:
            return _NOTHING
        due = dues(exam, lambda _: self._targets)
        return [due[name].due_us if name in due else 0 for name in PREDICTED]
