"""Forecasts over held-out weeks, beside the rolling median and the rolling quantiles of the same exams.

A synthetic year of a department (docs/predictions.md) is folded as the log would be; what was known at each
instant gives the features. Models are trained at each origin by what was known then, and forecast the weeks
after it, calibrated anew each week. The peer is what the last four weeks' exams of the same phase, modality,
priority and hour took. Both are scored over the same forecasts, which end with the milestone's name:

    pinball_min       mean loss over seven quantiles
    median_error_min  mean absolute error of the median
    miss_80, miss_90  how far the share of outcomes within the interval is from what it promises, points
    worst_80          the same, of the modality and priority that is worst of those with 200 forecasts
    brier             of the probability to miss the target, where there is one

At last forecast_us: processor time for one open exam, features and all milestones, where 500 are at once.
"""

from __future__ import annotations

import argparse
import heapq
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import count, islice

from benchmarks.department_year import DerivedKeys
from benchmarks.harness import Options, Result, option_parser, options_of, progress, report
from processors.alerts.targets_file import parse_targets
from processors.predictions.backtest import backtest
from processors.predictions.department import Department
from processors.predictions.exam import PREDICTED, ForecastExam
from processors.predictions.examples import Examples, Sample, examples_now, examples_of
from processors.predictions.forecaster import Forecasters
from processors.predictions.history import changes_of
from processors.predictions.record import Score, scores_of
from processors.predictions.training import DAY_US, TrainingPlan
from producers.history.synthetic import SyntheticHistory, begins_before
from runtime.targets import shipped_targets
from schemas.events import Event

_ENDS_AT = datetime(2026, 1, 1, tzinfo=UTC)
_SECRET = bytes(32)
_OPEN_EXAMS = 500
_POINTS = 100.0


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


def told(events: Iterator[Event]) -> Iterator[Event]:
    """The same, with progress."""
    for number, event in enumerate(events, 1):
        if number % 250_000 == 0:
            progress(f"  {number:,} events")
        yield event


def figures(scores: Sequence[Score]) -> tuple[dict[str, float], dict[str, float]]:
    """Ours and the peer's, by figure and milestone."""
    ours: dict[str, float] = {}
    peer: dict[str, float] = {}
    for score in scores:
        if score.modality is None:
            ours |= _said(score, score.pinball, score.median_error, score.brier)
            peer |= _said(score, score.pinball_baseline, score.median_error_baseline, score.brier_baseline)
            ours |= _misses(score)
        elif score.coverage_80 is not None:
            name, missed = f"worst_80_{score.milestone}", abs(score.coverage_80 - 0.8) * _POINTS
            ours[name] = max(ours.get(name, 0.0), round(missed, 2))
    return ours, peer


def _said(score: Score, loss: float | None, error: float | None, brier: float | None) -> dict[str, float]:
    named = {"pinball_min": loss, "median_error_min": error, "brier": brier}
    return {
        f"{name}_{score.milestone}": round(value, 4) for name, value in named.items() if value is not None
    }


def _misses(score: Score) -> dict[str, float]:
    named = {"miss_80": (score.coverage_80, 0.8), "miss_90": (score.coverage_90, 0.9)}
    return {
        f"{name}_{score.milestone}": round(abs(share - promised) * _POINTS, 2)
        for name, (share, promised) in named.items()
        if share is not None
    }


def forecast_us(changes: Sequence[tuple[int, ForecastExam]], forecasters: Forecasters, rounds: int) -> float:
    """Microseconds of this process for the forecast of one open exam."""
    department, exams = Department(), {}
    until = len(changes) * 9 // 10  # at the end of a synthetic history nothing is under way
    for now_us, exam in changes[max(0, until - 100_000) : until]:
        department.take(exam, now_us)
        exams[exam.exam_id] = exam
    still_open = [exam for exam in exams.values() if exam.coming]
    some = list(islice((still_open * _OPEN_EXAMS), _OPEN_EXAMS))
    spent = []
    for _ in range(rounds):
        began_s = time.process_time()
        examples = examples_now(some, department, changes[until][0], UTC)
        for name in PREDICTED:
            forecasters[name].predicted(examples)
        spent.append(time.process_time() - began_s)
    return round(min(spent) / _OPEN_EXAMS * 1e6, 1)


def run(options: Options, years: float, exams: int) -> Result:
    """Everything. Progress goes to standard error."""
    plan = TrainingPlan(rounds=60, least_examples=500) if options.quick else TrainingPlan()
    progress(f"folding {exams:,} exams of {years:g} years")
    changes = list(changes_of(told(events_of(years, exams))))
    targets = parse_targets(shipped_targets().read_text("utf-8"))
    examples = examples_of(changes, UTC, targets, Sample(share=0.5))
    weeks, origins = (2, 1) if options.quick else (4, 2)
    first_us = int(examples.at_us.max()) - (plan.settling_days_us + origins * weeks * 7 * DAY_US)
    at = [first_us + number * weeks * 7 * DAY_US for number in range(origins)]
    progress(f"training {origins} times, forecasting {weeks} weeks after each, of {len(examples):,} instants")
    kept: list[Forecasters] = []
    held = list(backtest(examples, at, weeks * 7, plan, on_step=progress, on_trained=kept.append))
    ours, peer = figures(list(scores_of(held)))
    ours["forecast_us"] = forecast_us(changes, kept[-1], 3 if options.quick else 10)
    return Result(
        benchmark="predict",
        ours=ours,
        peers={"rolling median and quantiles": peer},
        notes=_notes(examples, held, ours),
    )


def _notes(examples: Examples, held: Sequence[object], ours: dict[str, float]) -> tuple[str, ...]:
    per_second = 1e6 / ours["forecast_us"]
    return (
        f"{len(examples):,} instants, {len(held)} held-out weeks by milestone",
        f"{per_second:,.0f} open exams forecast per second and core",
    )


def main(arguments: list[str] | None = None) -> None:
    """Run and report."""
    parser = option_parser(__doc__)
    parser.add_argument("--years", type=float, default=1.0)
    parser.add_argument("--exams", type=int, default=150_000)
    given: argparse.Namespace = parser.parse_args(arguments)
    options = options_of(given)
    years, exams = (0.35, 12_000) if options.quick else (given.years, given.exams)
    report(run(options, years, exams), options)


if __name__ == "__main__":
    main(sys.argv[1:])
