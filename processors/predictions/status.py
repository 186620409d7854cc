"""What the forecasts have done since the start, what speaks, and what it costs. For one thread."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from processors.predictions.config import InUse

_TELL_EVERY_S = 1.0


class ForecastStatus:
    """Counts, and tells of them now and then."""

    def __init__(self, tell: Callable[[Mapping[str, Any]], None]) -> None:
        self._tell = tell
        self._told_s = -_TELL_EVERY_S
        self._figures: dict[str, Any] = {
            "started_at": datetime.now(UTC),
            "events": 0,
            "exams_forecast": 0,
            "forecasts_said": 0,
            "cpu_s": 0.0,
        }
        self._told: dict[str, Any] = {}

    @contextmanager
    def forecasting(self) -> Iterator[None]:
        """The processor time that is spent within is the forecasts' own."""
        began_s = time.thread_time()
        try:
            yield
        finally:
            self._figures["cpu_s"] += time.thread_time() - began_s

    def count(self, *, events: int, exams: int, said: int) -> None:
        """So many rows of exams were taken, exams forecast, and forecasts said."""
        for name, more in (("events", events), ("exams_forecast", exams), ("forecasts_said", said)):
            self._figures[name] += more

    def speaks(self, in_use: InUse | None) -> None:
        """What forecasts now. Tells, if it is time."""
        if time.monotonic() - self._told_s < _TELL_EVERY_S:
            return
        figures = {**self._figures, **_speaking(in_use), "ms_per_exam": self._ms_per_exam()}
        if figures != self._told:
            self._tell(figures)
            self._told = figures
            self._told_s = time.monotonic()

    def _ms_per_exam(self) -> float | None:
        """What one exam's forecasts cost: an event of an exam causes one such."""
        exams: int = self._figures["exams_forecast"]
        return round(1000 * self._figures["cpu_s"] / exams, 3) if exams else None


def _speaking(in_use: InUse | None) -> dict[str, Any]:
    if in_use is None:
        return {"version": None, "wanted": None, "note": "there is no history to learn from", "drift": None}
    drift = None if in_use.drift is None else in_use.drift.to_record()
    return {"version": in_use.version, "wanted": in_use.wanted, "note": in_use.note, "drift": drift}
