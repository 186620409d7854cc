"""The intervals of many exams: when each milestone was reached first and last, and what follows from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from processors.bulk.columns import FactColumns, Flags, Numbers, Texts
from processors.bulk.steps import MILESTONE, NUMBER_OF_MILESTONE
from processors.turnaround import RESULTS
from schemas.intervals import CLOCK_BOUND_S, INTERVALS, ORDERED_PAIRS

_BOUND_US = CLOCK_BOUND_S * 1_000_000
NEVER = np.iinfo(np.int64).max
# In the order of their names, as a row has them.
FAULTS = tuple(sorted((f"{later}<{earlier}", earlier, later) for earlier, later in ORDERED_PAIRS))
_RESULT = NUMBER_OF_MILESTONE["result"]


@dataclass(frozen=True, slots=True)
class Reached:
    """By exam and milestone: when it was reached first and last, and whether that is doubtful.

    NEVER where it was not reached. faults: by exam and fault of FAULTS. Microseconds since the epoch, UTC.
    """

    first_us: Numbers
    last_us: Numbers
    doubtful: Flags
    faults: Flags


@dataclass(frozen=True, slots=True)
class Measured:
    """By exam and interval of INTERVALS: its ends, and whether it is measured or excluded: both are known."""

    start_us: Numbers
    end_us: Numbers
    is_measured: Flags
    is_excluded: Flags
    is_doubtful: Flags


def reached(facts: FactColumns) -> Reached:
    """The milestones of exams that are plain (`peculiar_exams`)."""
    shape = len(facts.exam_ids), len(NUMBER_OF_MILESTONE)
    milestones = MILESTONE[facts.steps]
    rows = np.flatnonzero(milestones >= 0)
    cells = facts.exams[rows].astype(np.int64) * shape[1] + milestones[rows]
    first_us, last_us = np.full(shape, NEVER), np.full(shape, NEVER)
    # The facts are in the order in which they happened: the last one stays.
    last_us.reshape(-1)[cells] = facts.occurred_us[rows]
    first_us.reshape(-1)[cells[::-1]] = facts.occurred_us[rows[::-1]]
    faults, doubtful = _contradictions(first_us)
    _add_result(first_us, last_us, doubtful)
    return Reached(first_us, last_us, doubtful, faults)


def _contradictions(first_us: Numbers) -> tuple[Flags, Flags]:
    """Nobody knows which of the two is wrong: both are doubtful."""
    faults = np.zeros((len(first_us), len(FAULTS)), bool)
    doubtful = np.zeros(first_us.shape, bool)
    for number, (_, earlier, later) in enumerate(FAULTS):
        before, after = NUMBER_OF_MILESTONE[earlier], NUMBER_OF_MILESTONE[later]
        both = (first_us[:, before] != NEVER) & (first_us[:, after] != NEVER)
        faults[:, number] = both & (first_us[:, before] - first_us[:, after] > _BOUND_US)
        doubtful[:, before] |= faults[:, number]
        doubtful[:, after] |= faults[:, number]
    return faults, doubtful


def _add_result(first_us: Numbers, last_us: Numbers, doubtful: Flags) -> None:
    """The first that could be read of the exam: by its first time, its last, and then by its name."""
    for name in sorted(RESULTS):
        number = NUMBER_OF_MILESTONE[name]
        mine, found = (first_us[:, number], last_us[:, number]), (first_us[:, _RESULT], last_us[:, _RESULT])
        sooner = (mine[0] < found[0]) | ((mine[0] == found[0]) & (mine[1] < found[1]))
        for whole in (first_us, last_us, doubtful):
            whole[sooner, _RESULT] = whole[sooner, number]


def measured(points: Reached, priorities: Texts) -> Measured:
    """The intervals between them."""
    starts = [NUMBER_OF_MILESTONE[spec.start] for spec in INTERVALS]
    ends = [NUMBER_OF_MILESTONE[spec.end] for spec in INTERVALS]
    start_us, end_us = points.first_us[:, starts], points.first_us[:, ends]
    known = (start_us != NEVER) & (end_us != NEVER)
    for number, spec in enumerate(INTERVALS):
        if spec.to_last:
            end_us[:, number] = points.last_us[:, ends[number]]
        if spec.priority is not None:
            known[:, number] &= priorities.codes == priorities.code_of(spec.priority)
    is_doubtful = points.doubtful[:, starts] | points.doubtful[:, ends]
    is_excluded = known & (is_doubtful | (end_us < start_us))
    return Measured(start_us, end_us, known & ~is_excluded, is_excluded, is_doubtful)
