"""Examples of a synthetic department for benchmarks/predict.py, kept in a directory where one is named."""

from __future__ import annotations

import argparse
import heapq
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import numpy as np

from benchmarks.derived_keys import DerivedKeys
from benchmarks.harness import option_parser, progress
from processors.alerts.targets_file import parse_targets
from processors.predictions.examples import Examples, examples_of, sample_of
from processors.predictions.history import changes_of
from producers.history.synthetic import SyntheticHistory, begins_before
from runtime.targets import shipped_targets
from schemas.events import Event

_ENDS_AT = datetime(2026, 1, 1, tzinfo=UTC)
_SECRET = bytes(32)
_EVENTS_PER_EXAM = 12
_TELL_EVERY = 250_000


@dataclass(frozen=True, slots=True)
class Department:
    """What is learned from: examples of so many events, and the processor's time per event to fold them.

    Inventing the events is not counted. fold_us is None where the examples were kept from an earlier run.
    """

    examples: Examples
    events: int
    fold_us: float | None


def department_parser(description: str | None) -> argparse.ArgumentParser:
    """The options of a benchmark on such a department."""
    parser = option_parser(description)
    parser.add_argument("--years", type=float, default=1.0)
    parser.add_argument("--exams", type=int, default=150_000, help="in all those years")
    parser.add_argument("--kept", type=Path, help="keep what was folded in this directory")
    return parser


def size_of(given: argparse.Namespace) -> tuple[float, int]:
    """Its years and exams: those that were asked for, or the few of a quick run."""
    return (0.35, 12_000) if given.quick else (given.years, given.exams)


def events_of(years: float, exams: int) -> Iterator[Event]:
    """The events of a synthetic history, in the order in which they were recorded."""
    per_year = max(1, round(exams / years))
    history = SyntheticHistory(
        begins_at=begins_before(_ENDS_AT, years), ends_at=_ENDS_AT, exams_per_year=per_year
    )
    teller, order = history.teller(_SECRET, DerivedKeys()), count()
    waiting: list[tuple[datetime, int, Event]] = []
    for exam in history.exams():
        while waiting and waiting[0][0] < exam.begins_at:
            yield heapq.heappop(waiting)[2]
        for event in teller.events_of(exam):
            heapq.heappush(waiting, (event.envelope.recorded_at, next(order), event))
    while waiting:
        yield heapq.heappop(waiting)[2]


def department(years: float, exams: int, kept: Path | None) -> Department:
    """Invented and folded, or as it was kept under `kept` by an earlier run of the same code."""
    file = None if kept is None else kept / f"examples-{exams}-of-{years:g}-years.npz"
    if file is not None and file.exists():
        progress(f"reading {file}")
        with np.load(file, allow_pickle=False) as found:
            columns = (found[name] for name in Examples.__slots__)
            return Department(Examples(*columns), int(found["events"]), None)
    made = _folded(years, exams)
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        columns_of = {name: getattr(made.examples, name) for name in Examples.__slots__}
        part = file.with_suffix(".part.npz")
        np.savez(part, events=made.events, **columns_of)
        part.replace(file)  # whole, or not at all
    return made


def _folded(years: float, exams: int) -> Department:
    progress(f"folding {exams:,} exams of {years:g} years")
    targets = parse_targets(shipped_targets().read_text("utf-8"))
    told = _Told(events_of(years, exams))
    began_s = time.process_time()
    examples = examples_of(changes_of(told), UTC, targets, sample_of(exams * _EVENTS_PER_EXAM))
    spent_s = time.process_time() - began_s - told.inventing_s
    return Department(examples, told.events, round(spent_s / told.events * 1e6, 1))


class _Told:
    """Events, counted, with progress; and what it took to invent them, in seconds of this process."""

    def __init__(self, events: Iterator[Event]) -> None:
        self._events = events
        self.events, self.inventing_s = 0, 0.0

    def __iter__(self) -> Iterator[Event]:
        while True:
            began_s = time.process_time()
            event = next(self._events, None)
            self.inventing_s += time.process_time() - began_s
            if event is None:
                return
            self.events += 1
            if self.events % _TELL_EVERY == 0:
                progress(f"  {self.events:,} events")
            yield event
