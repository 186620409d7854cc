"""What forecasts cost of the processor: bare ones, and with all that is said of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC
from itertools import islice

from benchmarks.predict_examples import events_of
from processors.alerts.targets import Version, content_hash
from processors.alerts.targets_file import parse_targets
from processors.predictions.config import InUse
from processors.predictions.department import MINUTE_US, Department
from processors.predictions.desk import ForecastDesk
from processors.predictions.exam import PREDICTED, ForecastExam
from processors.predictions.examples import Change, examples_now
from processors.predictions.forecaster import Forecasters
from processors.predictions.history import changes_of
from runtime.targets import shipped_targets

_OPEN_EXAMS = 500
_DAYS_OPEN = 14
# After so long a forecast is said again, whether it moved or not.
_OLD_US = 16 * MINUTE_US


def costs_us(forecasters: Forecasters, per_year: int, rounds: int) -> dict[str, float]:
    """Microseconds of this process for one open exam, by the names that benchmarks.predict explains."""
    changes = list(changes_of(events_of(_DAYS_OPEN / 365, max(2_000, per_year * _DAYS_OPEN // 365))))
    until = len(changes) * 9 // 10  # at the end of a synthetic history nothing is under way
    known, now_us = changes[:until], changes[until][0]
    return {**_bare_us(forecasters, known, now_us, rounds), **_said_us(forecasters, known, now_us, rounds)}


def _bare_us(forecasters: Forecasters, known: Iterable[Change], now_us: int, rounds: int) -> dict[str, float]:
    department, exams = Department(), {}
    for at_us, exam in known:
        department.take(exam, at_us)
        exams[exam.exam_id] = exam
    still_open = [exam for exam in exams.values() if exam.coming]
    some = list(islice((still_open * _OPEN_EXAMS), _OPEN_EXAMS))

    def forecast(asked: Sequence[ForecastExam]) -> float:
        examples = examples_now(asked, department, now_us, UTC)
        for name in PREDICTED:
            forecasters[name].predicted(examples)
        return len(asked)

    alone = (some[number : number + 1] for number in range(10 * rounds))
    return {
        "forecast_us": min(spent_us(lambda: forecast(some)) for _ in range(rounds)),
        "event_us": min(spent_us(lambda one=one: forecast(one)) for one in alone),  # type: ignore[misc]
    }


def _said_us(forecasters: Forecasters, known: Iterable[Change], now_us: int, rounds: int) -> dict[str, float]:
    """As many through the desk: when all forecasts are said, and a minute later, when next to none is new."""
    desk, in_use = ForecastDesk(UTC), InUse("measured", forecasters)
    targets = parse_targets(shipped_targets().read_text("utf-8"))
    desk.versions.add(Version(0, "shipped", content_hash(targets), targets))
    exams: dict[str, ForecastExam] = {}
    for at_us, exam in known:
        desk.take_exam(exam, at_us)
        exams[exam.exam_id] = exam
    still_open = [exam for exam in exams.values() if exam.coming]
    for number in range(_OPEN_EXAMS - len(still_open)):
        again = still_open[number % len(still_open)]
        desk.take_exam(replace(again, exam_id=f"{again.exam_id}|{number}"), now_us)

    def settle(at_us: int) -> float:
        desk.settle(in_use, at_us, everything=True)
        return desk.open_exams

    starts = [now_us + number * _OLD_US for number in range(rounds)]
    said, looked = zip(
        *(
            (spent_us(lambda at=at: settle(at)), spent_us(lambda at=at: settle(at + MINUTE_US)))  # type: ignore[misc]
            for at in starts
        ),
        strict=True,
    )
    return {"said_us": min(said), "look_us": min(looked)}


def spent_us(work: Callable[[], float]) -> float:
    """Microseconds of this process for one exam; `work` gives of how many exams it was."""
    began_s = time.process_time()
    exams = work()
    return round((time.process_time() - began_s) / exams * 1e6, 1)
