"""What the forecasting process needs to know."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from processors.predictions.drift import Drift
from processors.predictions.examples import Change
from processors.predictions.forecaster import Forecasters
from schemas.forecast_features import BASELINE

__all__ = ["BASELINE", "ForecastConfig", "InUse", "Unanswered"]


class Unanswered(Exception):
    """A store that is asked for models or history gives no answer now."""


@dataclass(frozen=True, slots=True)
class InUse:
    """What forecasts now. `version`: of the model; BASELINE where there is none.

    wanted: what ought to forecast; another one where that cannot be used, and then `note` says why, in words.
    drift: whether the last week is still like the weeks that the model learned from.
    """

    version: str
    forecasters: Forecasters
    wanted: str = ""
    note: str = ""
    drift: Drift | None = None


@dataclass(frozen=True, slots=True)
class ForecastConfig:
    """Where the rows are, by whose clock, and who knows the models.

    zone: the department's. now: its clock, UTC; clock_speed: its seconds per second of the wall clock.
    in_use: what forecasts now, calibrated by what came lately; may take minutes; None where there is no
    history yet. version_in_use: which version that would be, at once. recent: what changed in the last day.
    All three may raise Unanswered: the forecasts then go on as they are.
    tell: takes figures of what was done (ForecastStatus), at most once a second.
    ask_every_s: between looks for another version. renew_every_s: between calibrations, at most; more often
    where they are quick. Both are wall clock seconds.
    look_every_s: department seconds between two forecasts of an exam of which nothing is said.
    """

    kafka_bootstrap: str
    registry_url: str
    zone: tzinfo
    now: Callable[[], datetime]
    in_use: Callable[[], InUse | None]
    version_in_use: Callable[[], str]
    recent: Callable[[], Iterable[Change]]
    tell: Callable[[Mapping[str, Any]], None] = lambda _: None
    clock_speed: float = 1.0
    ask_every_s: float = 15.0
    renew_every_s: float = 1800.0
    look_every_s: float = 60.0
    batch_messages: int = 1_000
    poll_s: float = 0.25
