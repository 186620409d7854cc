"""The turnaround rows of many exams, column by column."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from processors.bulk.attributes import latest_texts, text_column
from processors.bulk.columns import FactColumns, Flags, Numbers, Texts
from processors.bulk.intervals import FAULTS, Measured, measured, reached
from processors.bulk.peculiar import peculiar_exams
from processors.clock_bounds import ClockBounds
from schemas.identity import is_exam
from schemas.intervals import INTERVALS

_INSTANT = pa.timestamp("us", "UTC")
_NAMES = pa.array([spec.name for spec in INTERVALS])
_FAULT_NAMES = pa.array([name for name, _, _ in FAULTS])
_REASONS = pa.array(["end_before_start", "clock_fault"])
_SECOND_US = 1_000_000


@dataclass(frozen=True, slots=True)
class BulkRows:
    """What was made of the facts.

    columns: the rows of the plain exams, as the analytic table of exams has them: its columns but `version`,
    texts empty where unknown, times UTC.
    peculiar: the exams whose rows the fold has to make. left: for each fact of theirs, what it is called by,
    and the place of its exam in `peculiar`.
    """

    columns: Mapping[str, pa.Array]
    peculiar: Sequence[str]
    left: tuple[Numbers, Numbers]

    def __len__(self) -> int:
        """How many rows there are."""
        return len(self.columns["exam_id"])


def bulk_rows(facts: FactColumns, bounds: ClockBounds, besides: Collection[str] = ()) -> BulkRows:
    """The rows of all exams that `facts` are of; what is said of patients alone gives none.

    besides: exams of which something could not be read as a fact; they are peculiar too.
    """
    peculiar = peculiar_exams(facts, bounds)
    if besides:
        others = pc.is_in(facts.exam_ids, value_set=pa.array(sorted(besides), pa.string()))
        peculiar |= others.to_numpy(zero_copy_only=False)
    exam = np.fromiter(map(is_exam, facts.exam_ids.to_pylist()), bool, len(facts.exam_ids))
    texts, points = latest_texts(facts), reached(facts)
    said = measured(points, texts["priority"])
    rows = np.flatnonzero(exam & ~peculiar)
    columns = {
        "exam_id": facts.exam_ids.take(rows),
        **{name: text_column(Texts(found.codes[rows], found.values)) for name, found in texts.items()},
        **_interval_columns(said, rows),
        "clock_faults": _lists(points.faults[rows], _FAULT_NAMES.take),
        "event_count": pa.array(np.bincount(facts.exams, minlength=len(exam))[rows]),
        "last_recorded_at": pa.array(_last_recorded(facts)[rows]).cast(_INSTANT),
    }
    return BulkRows(columns, *_left(facts, exam & peculiar))


def _left(facts: FactColumns, exams: Flags) -> tuple[Sequence[str], tuple[Numbers, Numbers]]:
    left = exams[facts.exams]
    places = np.cumsum(exams) - 1
    names: list[str] = facts.exam_ids.take(np.flatnonzero(exams)).to_pylist()
    return names, (facts.rows[left], places[facts.exams[left]])


def _last_recorded(facts: FactColumns) -> Numbers:
    last_us = np.full(len(facts.exam_ids), np.iinfo(np.int64).min)
    np.maximum.at(last_us, facts.exams, facts.recorded_us)
    return last_us


def _interval_columns(said: Measured, rows: Numbers) -> dict[str, pa.Array]:
    """Those that are measured, and those that are not though both ends are known."""
    start_us, end_us, doubtful = said.start_us[rows], said.end_us[rows], said.is_doubtful[rows]
    kept, left = said.is_measured[rows], said.is_excluded[rows]
    seconds = (end_us[kept] - start_us[kept]) / _SECOND_US
    return {
        "interval_names": _lists(kept, _NAMES.take),
        "interval_starts": _lists(kept, lambda _: _instants(start_us[kept])),
        "interval_ends": _lists(kept, lambda _: _instants(end_us[kept])),
        "interval_seconds": _lists(kept, lambda _: pa.array(seconds)),
        "excluded_names": _lists(left, _NAMES.take),
        "excluded_reasons": _lists(left, lambda _: _REASONS.take(pa.array(doubtful[left].astype(np.int64)))),
        "excluded_starts": _lists(left, lambda _: _instants(start_us[left])),
        "excluded_ends": _lists(left, lambda _: _instants(end_us[left])),
    }


def _lists(chosen: Flags, items: Callable[[pa.Array], pa.Array]) -> pa.ListArray:
    """A list for each row of `chosen`, of what `items` says of the numbers of its columns, in their order."""
    offsets = np.concatenate((np.zeros(1, np.int64), np.cumsum(chosen.sum(axis=1)))).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), items(pa.array(np.nonzero(chosen)[1])))


def _instants(us: Numbers) -> pa.Array:
    return pa.array(us).cast(_INSTANT)
