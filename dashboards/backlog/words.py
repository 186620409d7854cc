"""What becomes of a queue, in sentences. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from dashboards.backlog.clearing import Clearing
from dashboards.backlog.held_out import BANDS
from dashboards.backlog.line import WEEKS, Line
from dashboards.backlog.paths import few_now
from dashboards.volume.forecast import HOURS_TO_COME


def taken_from(is_naive: Sequence[bool]) -> str:
    """Which hours to come are not by the courses of the queue, and why; empty where all are."""
    if not any(is_naive):
        return ""
    hours = "All hours"
    if not all(is_naive):
        band = BANDS[list(is_naive).index(True)]
        hours = f"Hours {band.start + 1} to {band.stop} ahead"
    return f"{hours} are taken from the same hours of the last {WEEKS} weeks, because that came closer."


def in_words(
    line: Line, clears: Clearing, times: list[datetime | None], most: tuple[int, datetime, int], now: datetime
) -> str:
    """most: the longest queue of the median, when, and that of P90. `now` is in the department's zone."""
    last = _clock(now + timedelta(hours=HOURS_TO_COME - 1), now)

    def clock(when: datetime | None) -> str:
        return f"not before {last}" if when is None else _clock(when, now)

    if clears.is_clear:
        if most[0] <= 2 * few_now(line):
            return (
                f"No backlog now, and none to be expected within a day; up to {most[2]} in a bad hour (P90)."
            )
        return (
            f"No backlog now. The longest queue to be expected: {most[0]} at about {clock(most[1])}, "
            f"up to {most[2]} if it goes badly (P90)."
        )
    if times[1] is None:
        return f"Does not clear before {last}."
    low, middle, high = (clock(when) for when in times)
    return f"Clears at about {middle}; four of five times between {low} and {high}."


def _clock(when: datetime, now: datetime) -> str:
    shown, today = when.astimezone(now.tzinfo), now.date()
    minute = shown.minute // 10 * 10
    day = "" if shown.date() == today else "tomorrow "
    return f"{day}{shown.hour:02}:{minute:02}"
