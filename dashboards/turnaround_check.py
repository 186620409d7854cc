"""The last comparison of turnaround times with those computed a second way. How to compare is handed in."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

from dashboards.interval_words import interval_words

log = structlog.get_logger("dashboard")

# However many pages ask: one comparison in this time, and at most a twentieth of the time is spent on them.
_EVERY_S = 300.0
_SHARE = 20.0
# As many as are read.
_MOST_SHOWN = 50


class ComparisonFailed(Exception):
    """There is no comparison: a part that it needs is away. The message names it, without PHI."""


@dataclass(frozen=True, slots=True)
class StatedInterval:
    """An interval as one of the two ways states it.

    excluded_reason: Why it is not measured; empty where it is.
    """

    start_at: datetime
    end_at: datetime
    excluded_reason: str


@dataclass(frozen=True, slots=True)
class Disagreement:
    """An interval of an exam that the two ways do not state alike; None where one of them has none."""

    exam_id: str
    interval: str
    of_events: StatedInterval | None
    of_view: StatedInterval | None


@dataclass(frozen=True, slots=True)
class Compared:
    """How many exams and intervals were compared, and the intervals that differ."""

    exams: int
    intervals: int
    differences: tuple[Disagreement, ...]


Compare = Callable[[], Compared]
"""Compares all exams, which may take minutes. Raises ComparisonFailed."""


@dataclass(frozen=True, slots=True)
class _Outcome:
    began_at: datetime
    took_s: float
    compared: Compared | None
    failed: str | None


class TurnaroundCheck:
    """Compares in a thread of its own, when somebody asks and the last comparison is old; nobody waits."""

    def __init__(self, compare: Compare | None) -> None:
        """Without `compare` there is nothing to tell."""
        self._compare = compare
        self._guard = threading.Lock()
        self._running = False
        self._due_s = 0.0
        self._due_at: datetime | None = None
        self._last: _Outcome | None = None
        self._last_good: _Outcome | None = None

    def reading(self) -> Mapping[str, Any]:
        """What is known, at once. `state`: off, unknown, equal or different, as last compared."""
        with self._guard:
            if self._compare is not None and not self._running and time.monotonic() >= self._due_s:
                self._running = True
                threading.Thread(target=self._run, name="turnaround-check", daemon=True).start()
            return self._told()

    def _told(self) -> Mapping[str, Any]:
        good = self._last_good
        found = None if good is None else good.compared
        differences = found.differences if found else ()
        return {
            "state": self._state(found),
            "is_running": self._running,
            "compared_at": good.began_at if good else None,
            "took_s": round(good.took_s, 3) if good else None,
            "exams": found.exams if found else None,
            "intervals": found.intervals if found else None,
            "differing_exams": len({one.exam_id for one in differences}) if found else None,
            "differing_intervals": len(differences) if found else None,
            "differences": [_words(one) for one in differences[:_MOST_SHOWN]],
            "failed": self._last.failed if self._last else None,
            "next_at": self._due_at,
        }

    def _state(self, found: Compared | None) -> str:
        if self._compare is None:
            return "off"
        if found is None:
            return "unknown"
        return "different" if found.differences else "equal"

    def _run(self) -> None:
        assert self._compare is not None  # noqa: S101 - else nothing is started
        began_at, began_s = datetime.now(UTC), time.monotonic()
        compared, failed = None, "The comparison ended with a fault of ours; the dashboard's log says more."
        try:
            compared, failed = self._compare(), ""
        except ComparisonFailed as error:
            failed = f"{error}"
        except Exception:  # whatever it is, the page goes on with the last comparison, and the next is tried
            log.exception("turnaround_check_failed")
        finally:
            took_s = time.monotonic() - began_s
            self._keep(_Outcome(began_at, took_s, compared, failed or None))

    def _keep(self, outcome: _Outcome) -> None:
        pause_s = max(_EVERY_S, _SHARE * outcome.took_s)
        with self._guard:
            self._last = outcome
            if outcome.compared is not None:
                self._last_good = outcome
            self._running = False
            self._due_s = time.monotonic() + pause_s
            self._due_at = datetime.now(UTC) + timedelta(seconds=pause_s)


def _words(found: Disagreement) -> Mapping[str, Any]:
    said = {"exam_id": found.exam_id, "of_events": found.of_events, "of_view": found.of_view}
    return {**said, **interval_words(found.interval)}
