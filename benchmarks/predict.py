"""Forecasts over held-out weeks, beside the rolling median and the rolling quantiles of the same exams.

A synthetic year of a department (docs/predictions.md) is folded as the log would be; what was known at each
instant gives the features. Models are trained at each origin by what was known then, and forecast the weeks
after it, calibrated anew each week. The peer is what the last four weeks' exams of the same phase, modality,
priority and hour took. Both are scored over the same forecasts, which end with the milestone's name:

    pinball_min       mean loss over seven quantiles
    median_error_min  mean absolute error of the median
    miss_80, miss_90  how far the share of outcomes within the interval is from what it promises, points
    worst_80, worst_90
                      the same, of the modality and priority that is worst of those with 200 exams
    brier             of the probability to miss the target, where there is one

Then processor time: fold_us of each event, from the log to features; train_s of one training (four
milestones, three forests each), train_cpu_s of all its threads; forecast_us of one open exam, all milestones,
where 500 are at once, and event_us where it is alone; look_us of one at the look each minute, with its dues
and whether there is anything new to say, and said_us where there is, with the reasons and the rows; and
peak_gb, the most memory that the process had.

`--kept DIR` keeps what was folded, so that another run need not fold it again.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from pathlib import Path

from benchmarks.harness import Options, Result, options_of, progress, report
from benchmarks.predict_cost import costs_us
from benchmarks.predict_examples import department, department_parser, size_of
from benchmarks.predict_scores import figures, goal_lines, group_lines, reliability_lines
from processors.predictions.backtest import Held, backtest
from processors.predictions.examples import Examples
from processors.predictions.forecaster import Forecasters
from processors.predictions.record import scores_of
from processors.predictions.training import DAY_US, TrainingPlan


class _Clock:
    """What trainings take: by the clock, and of the processor."""

    def __init__(self) -> None:
        self.kept: list[Forecasters] = []
        self.wall_s: list[float] = []
        self.cpu_s: list[float] = []
        self._began = (0.0, 0.0)

    def begin(self) -> None:
        """A training begins."""
        self._began = (time.perf_counter(), time.process_time())

    def end(self, forecasters: Forecasters) -> None:
        """It gave these."""
        wall_s, cpu_s = self._began
        self.wall_s.append(time.perf_counter() - wall_s)
        self.cpu_s.append(time.process_time() - cpu_s)
        self.kept.append(forecasters)


def held_weeks(
    examples: Examples, options: Options, plan: TrainingPlan, origins: int
) -> tuple[list[Held], _Clock]:
    """What was forecast over the weeks after each origin; the last ends where all is known."""
    weeks = 2 if options.quick else 4
    first_us = int(examples.at_us.max()) - (plan.settling_days_us + origins * weeks * 7 * DAY_US)
    at = [first_us + number * weeks * 7 * DAY_US for number in range(origins)]
    progress(f"training {origins} times, forecasting {weeks} weeks after each, of {len(examples):,} instants")
    clock, held = _Clock(), []
    for number, origin_us in enumerate(at, 1):
        clock.begin()
        steps = backtest(examples, [origin_us], weeks * 7, plan, on_trained=clock.end)
        held += list(steps)
        progress(f"  origin {number} of {origins}: trained in {clock.wall_s[-1]:.0f} s")
    return held, clock


def run(options: Options, years: float, exams: int, origins: int, kept: Path | None) -> Result:
    """Everything. Progress goes to standard error."""
    plan = TrainingPlan(rounds=60, least_examples=500) if options.quick else TrainingPlan()
    learned = department(years, exams, kept)
    held, clock = held_weeks(learned.examples, options, plan, origins)
    scores = list(scores_of(held))
    ours, peer = figures(scores)
    if learned.fold_us is not None:
        ours["fold_us"] = learned.fold_us
    ours["train_s"] = round(sum(clock.wall_s) / origins, 1)
    ours["train_cpu_s"] = round(sum(clock.cpu_s) / origins, 1)
    rounds = 3 if options.quick else 10
    ours |= costs_us(clock.kept[-1], round(exams / years), rounds)
    ours["peak_gb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2)
    many = f"{learned.events:,} events, {len(learned.examples):,} instants, {origins} origins"
    if learned.fold_us is not None:
        million_s = learned.events / exams * learned.fold_us + ours["train_s"]
        many += (
            f"; a million exams, as reckoned from these: at most {million_s / 60:.0f} min to fold and train"
        )
    notes = (many, *goal_lines(ours, peer), "", *group_lines(scores), "", *reliability_lines(held))
    return Result(benchmark="predict", ours=ours, peers={"rolling median and quantiles": peer}, notes=notes)


def main(arguments: list[str] | None = None) -> None:
    """Run and report."""
    parser = department_parser(__doc__)
    parser.add_argument("--origins", type=int, default=3, help="train so many times, four weeks apart")
    given: argparse.Namespace = parser.parse_args(arguments)
    options = options_of(given)
    (years, exams), origins = size_of(given), 1 if options.quick else given.origins
    report(run(options, years, exams, origins, given.kept), options)


if __name__ == "__main__":
    main(sys.argv[1:])
