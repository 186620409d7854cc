"""Early warnings at each threshold, beside those by the rolling medians; and a department that slows down.

A model is trained on a synthetic department (benchmarks/predict.py) and forecasts the two weeks after. An
interval is warned of where a forecast made before it was due reaches the threshold. By threshold in percent:

    missed_pct   breaches of which nobody was warned, of all
    false_pct    warnings after which the target was kept, of all

The minutes between the warning and the breach are in the notes: looked at are events and some instants
between, so they are the least. Then every duration is made half as long again from some day on: how much the
80 % range holds on the days after, calibrated as the running forecasts are, and when drift is said. And what
drift says of weeks in which nothing was changed.

`--kept DIR` keeps what was folded, as benchmarks/predict.py does.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.harness import Options, Result, options_of, progress, report
from benchmarks.predict_examples import department, department_parser, size_of
from processors.predictions.backtest import Held, forecast_held
from processors.predictions.drift import drift_of
from processors.predictions.exam import PREDICTED
from processors.predictions.examples import Examples
from processors.predictions.forecaster import Forecasters
from processors.predictions.profile import profile_of
from processors.predictions.record import scores_of
from processors.predictions.training import DAY_US, TrainingPlan, recalibrated, trained
from processors.predictions.warned import warning_rows

_THRESHOLDS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
_HELD_DAYS, _SLOWER, _SHIFT_DAYS = 14, 1.5, (1, 3, 5, 7, 9, 12, 16)
_STEADY_WEEKS_AGO = (2, 4, 8)


def run(options: Options, years: float, exams: int, kept: Path | None) -> Result:
    """Everything. Progress goes to standard error."""
    plan = TrainingPlan(rounds=60, least_examples=500) if options.quick else TrainingPlan()
    examples = department(years, exams, kept).examples
    ends_us = int(examples.at_us.max())
    until_us = ends_us - plan.settling_days_us
    cut_us = until_us - _HELD_DAYS * DAY_US
    progress(f"training on {len(examples):,} instants")
    forecasters = trained(examples, cut_us, plan)
    held = forecast_held(examples, forecasters, cut_us, until_us)
    ours, lines = _warnings(held)
    plain = [replace(one, chance=one.plain_chance, quantiles=one.plain) for one in held]
    peer, plain_lines = _warnings(plain)
    profile = profile_of(examples.take(examples.at_us < cut_us))
    learned = profile, [one.to_record() for one in scores_of(held)]
    drift = list(_drift(forecasters, learned, examples, plan))
    notes = ("by models:", *lines, "", "by medians:", *plain_lines, "", *drift)
    return Result(benchmark="early_warning", ours=ours, peers={"rolling medians": peer}, notes=notes)


def _warnings(held: Sequence[Held]) -> tuple[dict[str, float], list[str]]:
    figures, lines = {}, []
    for milestone, threshold, intervals, breaches, warned, true, *lead_min, _ in warning_rows(held):
        if milestone or threshold not in _THRESHOLDS:
            continue
        name = f"at_{threshold:.0%}".rstrip("%")
        figures[f"{name}_missed_pct"] = round(100 * (1 - true / breaches), 1) if breaches else 0.0
        figures[f"{name}_false_pct"] = round(100 * (1 - true / warned), 1) if warned else 0.0
        low, middle, high = ("-" if one is None else f"{one:.0f}" for one in lead_min)
        lines.append(
            f"  at {threshold:.0%}: {warned} warnings, {true} came true; {breaches} breaches of {intervals}; "
            f"{middle} min before ({low} to {high})"
        )
    return figures, lines


def _drift(
    forecasters: Forecasters,
    learned: tuple[Mapping[str, Any], Sequence[Mapping[str, Any]]],
    examples: Examples,
    plan: TrainingPlan,
) -> Iterator[str]:
    ends_us = int(examples.at_us.max())
    for weeks in _STEADY_WEEKS_AGO:
        now_us = ends_us - weeks * 7 * DAY_US
        known = examples.take(examples.at_us < now_us)
        found = drift_of(*learned, forecasters, known, now_us, plan)
        yield f"{weeks} weeks before the end, unchanged: {'; '.join((found.verdict, *found.reasons))}"
    shift_us = ends_us - 30 * DAY_US
    slower = _slower(examples, shift_us)
    yield f"durations x {_SLOWER:g} from a day on, share within the 80 % range on the day after so many:"
    for day in _SHIFT_DAYS:
        progress(f"day {day} after the shift")
        now_us = shift_us + day * DAY_US
        known = slower.take(slower.at_us < now_us)
        now = recalibrated(forecasters, known, now_us, plan)
        scores = scores_of(forecast_held(slower, now, now_us, now_us + DAY_US))
        shares = {one.milestone: one.coverage_80 for one in scores if one.modality is None}
        verdict = drift_of(*learned, forecasters, known, now_us, plan).verdict
        told = ", ".join(f"{name} {share:.0%}" for name, share in shares.items() if share is not None)
        yield f"  {day}: {told}; {verdict}"


def _slower(examples: Examples, shift_us: int) -> Examples:
    """What is left of each exam's time takes longer, of instants after the shift."""
    end_us, known_us = examples.end_us.copy(), examples.known_us.copy()
    for place in range(len(PREDICTED)):
        after = (examples.at_us > shift_us) & (end_us[:, place] > 0)
        left_us = np.maximum(0, end_us[after, place] - examples.at_us[after])
        more_us = ((_SLOWER - 1) * left_us).astype(np.int64)
        end_us[after, place] += more_us
        known_us[after, place] += more_us
    return replace(examples, end_us=end_us, known_us=known_us)


def main(arguments: list[str] | None = None) -> None:
    """Run and report."""
    parser = department_parser(__doc__)
    given: argparse.Namespace = parser.parse_args(arguments)
    options = options_of(given)
    years, exams = size_of(given)
    report(run(options, years, exams, given.kept), options)


if __name__ == "__main__":
    main(sys.argv[1:])
