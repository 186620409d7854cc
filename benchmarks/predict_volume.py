"""Volume over held-out weeks: the next day by the hour, two weeks by the day, beside the seasonal naive.

A synthetic year of a department is counted by the hour. At hours all over its last weeks (another hour of the
day each time) the forecast is made by what was counted before, by the code of the page, and held against what
came. The peer is what anybody could say: median, P10 and P90 of the same hour of the week, or of the same
weekday, of the last eight weeks. Figures of all steps; each ends with how far ahead it is:

    pinball      mean loss over P10, P50 and P90, exams, of all modalities together
    mae          mean absolute error of P50, exams, the same
    pinball_of   mean loss of single modalities
    within_80    share of outcomes within P10 to P90, in percent, of all modalities together
    within_80_M  the same of modality M

Then the backlog, by queue (scanner, reading, signature), over the 24 hours after:

    pinball_waiting    mean loss over P10, P50 and P90 of how many wait as each hour ends;
                       also of the hours 1-4 and 5-24 alone
    waiting_within_80  share of hours in which as many waited as the range had said, in percent
    clears_within_80   of how many backlogs the hour in which they cleared was in its range, in percent
    backlogs           how many these were

At last forecast_ms: processor time of one forecast, all steps, modalities, hours and days.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np

from benchmarks.backlog_backtest import BacklogScores
from benchmarks.harness import Options, Result, option_parser, options_of, progress, report
from benchmarks.volume_counts import CountedHistory, counted_history
from dashboards.volume.forecast import DAYS_TO_COME, HOURS_TO_COME, expected_hours, forecast
from dashboards.volume.hours import HOURS_OF_DAY, HOURS_OF_WEEK, Floats
from dashboards.volume.spread import pinball
from dashboards.volume.volumes import WEEKS
from producers.history.synthetic import SyntheticHistory, begins_before

_ENDS_AT = datetime(2026, 1, 1, tzinfo=UTC)
_HOURLY = {"1-4h": slice(0, 4), "5-24h": slice(4, HOURS_TO_COME)}
_DAILY = {"today": slice(0, 1), "1-7d": slice(1, 8), "8-14d": slice(8, DAYS_TO_COME)}
# No divisor of a week: the hours at which forecasts are made go through all hours of the week.
_EVERY_H = 37
# By those of the weeks before it is chosen what is told of a queue first.
_WEEKS_BEFORE = 4
_PERCENT = 100.0

# By figure: what was found at each hour.
Found = dict[str, list[float]]


def history_of(years: float, exams: int, zone: str, seed: int) -> CountedHistory:
    """A synthetic history that ends with the year."""
    begins_at = begins_before(_ENDS_AT, years)
    history = SyntheticHistory(
        begins_at=begins_at,
        ends_at=_ENDS_AT,
        exams_per_year=max(1, round(exams / years)),
        zone=zone,
        seed=seed,
    )
    return counted_history(history.exams(), begins_at, _ENDS_AT, ZoneInfo(zone))


def scored(
    name: str, came: Floats, ranges: Floats, modalities: tuple[str, ...]
) -> Iterator[tuple[str, float]]:
    """The figures of one forecast: `came` (step, modality, n), `ranges` (levels, step, modality, n)."""
    loss = pinball(came, ranges)
    within = (came >= ranges[0]) & (came <= ranges[-1])
    yield f"pinball_{name}", float(loss[:, 0].mean())
    yield f"mae_{name}", float(np.abs(came - ranges[1])[:, 0].mean())
    yield f"pinball_of_{name}", float(loss[:, 1:].mean())
    yield f"within_80_{name}", float(within[:, 0].mean()) * _PERCENT
    for place, modality in enumerate(modalities[1:], 1):
        yield f"within_80_{modality}_{name}", float(within[:, place].mean()) * _PERCENT


def backtest(
    history: CountedHistory, weeks: int, every_h: int
) -> tuple[Found, Found, BacklogScores, list[float]]:
    """Ours, the peer's, the backlog's, and the seconds of the processor that each forecast took."""
    ours: Found = defaultdict(list)
    peer: Found = defaultdict(list)
    spent = []
    backlog = BacklogScores()
    names = tuple(history.modalities)
    last = history.hours.count - (DAYS_TO_COME + 1) * HOURS_OF_DAY
    first = last - weeks * HOURS_OF_WEEK
    for place in range(first - _WEEKS_BEFORE * HOURS_OF_WEEK, first - HOURS_OF_DAY, every_h):
        counts, days = history.before(place, WEEKS)
        backlog.learn(history, place, counts, expected_hours(counts, days))
    for place in range(first, last, every_h):
        counts, days = history.before(place, WEEKS)
        began_s = time.process_time()
        volume = forecast(counts, days)
        spent.append(time.process_time() - began_s)
        backlog.add(history, place, counts, volume)
        came = history.steps[..., place : place + HOURS_TO_COME]
        days_came = history.days(days.today, days.today + DAYS_TO_COME)
        for parts, truth, course in ((_HOURLY, came, volume.hourly), (_DAILY, days_came, volume.daily)):
            for name, part in parts.items():
                for found, ranges in ((ours, course.ranges), (peer, course.naive)):
                    for figure, value in scored(name, truth[..., part], ranges[..., part], names):
                        found[figure].append(value)
    return ours, peer, backlog, spent


def run(options: Options, years: float, exams: int, zone: str, seed: int) -> Result:
    """Everything. Progress goes to standard error."""
    progress(f"a department of {exams:,} exams in {years:g} years")
    history = history_of(years, exams, zone, seed)
    weeks = 3 if options.quick else 26
    progress(f"forecasts every {_EVERY_H} hours of {weeks} weeks")
    ours, peer, backlog, spent = backtest(history, weeks, _EVERY_H)
    told = {name: round(float(np.mean(values)), 3) for name, values in ours.items()}
    of_peer = {name: round(float(np.mean(values)), 3) for name, values in peer.items()}
    of_queues, of_queues_before = backlog.figures()
    told |= of_queues
    of_peer |= of_queues_before
    told["forecast_ms"] = round(float(np.median(spent)) * 1000, 1)
    total = int(history.steps[0, 0].sum())
    notes = (f"{total:,} exams, {len(spent)} forecasts over {weeks} weeks, each by {WEEKS} weeks before it",)
    return Result(benchmark="predict_volume", ours=told, peers={"seasonal naive": of_peer}, notes=notes)


def main(arguments: list[str] | None = None) -> None:
    """Run and report."""
    parser = option_parser(__doc__)
    parser.add_argument("--years", type=float, default=1.5)
    parser.add_argument("--exams", type=int, default=225_000)
    parser.add_argument("--zone", default="Europe/Berlin")
    parser.add_argument("--seed", type=int, default=1, help="another department")
    given: argparse.Namespace = parser.parse_args(arguments)
    options = options_of(given)
    years, exams = (0.45, 30_000) if options.quick else (given.years, given.exams)
    report(run(options, years, exams, given.zone, given.seed), options)


if __name__ == "__main__":
    main(sys.argv[1:])
