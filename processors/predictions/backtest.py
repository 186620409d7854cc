"""Backtest by rolling origin: what would have been forecast, beside what came. Pure but for threads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from processors.predictions.exam import PREDICTED
from processors.predictions.examples import Examples
from processors.predictions.forecaster import Forecasters
from processors.predictions.quantiles import chance_within
from processors.predictions.training import DAY_US, DEFAULT_PLAN, TrainingPlan, recalibrated, trained

Floats = npt.NDArray[np.float64]
_WEEK_DAYS = 7.0


@dataclass(frozen=True, slots=True)
class Held:
    """Forecasts of one milestone over held-out days.

    quantiles, plain: (n, levels) minutes, the model's and the baseline's. minutes: (n) what it took.
    chance, plain_chance: (n) that it misses its target, NaN where there is none.
    """

    milestone: str
    examples: Examples
    quantiles: Floats
    plain: Floats
    minutes: Floats
    chance: Floats
    plain_chance: Floats

    @property
    def is_late(self) -> npt.NDArray[np.bool_]:
        """Whether the milestone missed its target."""
        return self.minutes > self.examples.minutes_to_due(self.milestone)

    def take(self, chosen: npt.NDArray[np.bool_]) -> Held:
        """Those that are chosen."""
        values = (self.quantiles, self.plain, self.minutes, self.chance, self.plain_chance)
        return Held(self.milestone, self.examples.take(chosen), *(one[chosen] for one in values))


def backtest(
    examples: Examples,
    origins_us: Sequence[int],
    days: float,
    plan: TrainingPlan = DEFAULT_PLAN,
    *,
    on_step: Callable[[str], None] = lambda _: None,
    on_trained: Callable[[Forecasters], None] = lambda _: None,
) -> Iterator[Held]:
    """Train at each origin, then forecast the `days` after it; calibrated anew each week, as live.

    `on_trained` is given the forecasters of each origin.
    """
    for number, origin_us in enumerate(origins_us, 1):
        forecasters = trained(
            examples,
            origin_us,
            plan,
            lambda milestone, level, number=number: on_step(f"origin {number}: {milestone} at {level:g}"),  # type: ignore[misc]
        )
        on_trained(forecasters)
        for start in np.arange(0.0, days, _WEEK_DAYS):
            from_us = origin_us + int(start * DAY_US)
            until_us = origin_us + int(min(days, start + _WEEK_DAYS) * DAY_US)
            if start:
                forecasters = recalibrated(forecasters, examples, from_us, plan)
            yield from forecast_held(examples, forecasters, from_us, until_us)


def forecast_held(examples: Examples, forecasters: Forecasters, from_us: int, until_us: int) -> list[Held]:
    """What `forecasters` say of the instants of that range, by milestone."""
    return [_held(examples, forecasters, milestone, from_us, until_us) for milestone in PREDICTED]


def _held(examples: Examples, forecasters: Forecasters, milestone: str, from_us: int, until_us: int) -> Held:
    place = PREDICTED.index(milestone)
    chosen = examples.is_coming[:, place] & (examples.end_us[:, place] > 0)
    chosen &= (examples.at_us >= from_us) & (examples.at_us < until_us)
    held, forecaster = examples.take(chosen), forecasters[milestone]
    quantiles, _, plain = forecaster.said(held)
    due = held.minutes_to_due(milestone)
    return Held(
        milestone,
        held,
        quantiles,
        plain,
        held.minutes(milestone),
        1.0 - chance_within(quantiles, due),
        1.0 - chance_within(plain, due),
    )
