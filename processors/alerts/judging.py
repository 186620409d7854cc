"""What targets say of an exam: when each interval is warned of, when it is due, and how it ended. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from processors.alerts.known_exam import KnownExam
from processors.alerts.outlook import Forecasts, Outlook, outlook
from processors.alerts.targets import JUDGED, Versions
from schemas.identity import event_id
from schemas.intervals import IntervalSpec

_SECOND_US = 1_000_000
# Milestones in the order in which an exam reaches them: a later one says that the earlier were, too, where
# nobody said it. An appointment is no evidence of anything.
_PATH = ("ordered", "arrived", "started", "completed", "dictated", "preliminary", "final", "corrected")
_FROM = {name: _PATH[place:] for place, name in enumerate(_PATH)}
# Off that path: images may come before the end of the acquisition is said, or long after; the finer steps are
# evidence of nothing but themselves.
_LATER: Mapping[str, tuple[str, ...]] = {
    **{name: later[1:] for name, later in _FROM.items()},
    "first_image": ("stored", *_FROM["completed"]),
    "stored": _FROM["dictated"],
    **dict.fromkeys(("protocolled", "prepared", "entered_room"), _FROM["started"]),
    **dict.fromkeys(("opened", "interpretation_started", "dictation_started"), _FROM["dictated"]),
}
CANCELLED = "cancelled"


class State(StrEnum):
    """How an interval stands against its target.

    open: under way, no reason to worry. warned: likely late, or due soon. breached: past due, still under
    way. met: ended in time. resolved: ended, too late. withdrawn: not judged any more.
    """

    OPEN = "open"
    WARNED = "warned"
    BREACHED = "breached"
    MET = "met"
    RESOLVED = "resolved"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Judged:
    """One interval of one exam with its target. Times in microseconds since the epoch, UTC.

    warn_us: when the clock warns, where no forecast counts. outlook: the forecast that counts, if any does.
    """

    alert_id: str
    interval: str
    targets_sha256: str
    start_us: int
    warn_us: int
    due_us: int
    closed_us: int | None
    closed_by: str | None
    outlook: Outlook | None = None

    def state(self, now_us: int) -> State:
        """How it stands at `now_us`."""
        if self.closed_us is not None:
            return State.MET if self.closed_us <= self.due_us else State.RESOLVED
        if now_us >= self.due_us:
            return State.BREACHED
        return State.OPEN if self.warns_us(now_us) is None else State.WARNED

    def warns_us(self, now_us: int) -> int | None:
        """Since when there is reason to warn, if there is at `now_us`: by the forecast, else by the clock."""
        if self.is_likely_late(now_us) and self.outlook is not None:
            return self.outlook.warns_us
        clock_us = self._clock_us
        return clock_us if clock_us <= now_us else None

    def is_likely_late(self, now_us: int) -> bool:
        """Whether a forecast says so, and has said it for long enough."""
        warns_us = None if self.outlook is None else self.outlook.warns_us
        return warns_us is not None and warns_us <= now_us

    @property
    def _clock_us(self) -> int:
        # As long as a forecast counts, it is known better than by the clock.
        return self.warn_us if self.outlook is None else max(self.warn_us, self.outlook.counts_until_us)

    def next_us(self, now_us: int) -> int | None:
        """When its state changes by itself, after `now_us`."""
        if self.closed_us is not None:
            return None
        likely_us = None if self.outlook is None else self.outlook.warns_us
        times = (self._clock_us, self.due_us, self.due_us if likely_us is None else likely_us)
        return min((at_us for at_us in times if at_us > now_us), default=None)

    @property
    def over_us(self) -> int:
        """When there was no more to say of it by itself: closed, or else due."""
        return self.due_us if self.closed_us is None else self.closed_us


_UNKNOWN: Forecasts = {}


def judge(exam: KnownExam, versions: Versions, forecasts: Forecasts = _UNKNOWN) -> Iterator[Judged]:
    """Every interval of `exam` that has started and has a target; `forecasts`: of the exam, by milestone."""
    if exam.is_elsewhere:
        return
    for spec in JUDGED.values():
        judged = _judged(exam, spec, versions, forecasts)
        if judged is not None:
            yield judged


def alert_id_of(exam_id: str, interval: str, targets_sha256: str) -> str:
    """The alert of one interval of one exam, by one version of the targets."""
    return event_id("alert", exam_id, interval, targets_sha256)


def _judged(exam: KnownExam, spec: IntervalSpec, versions: Versions, forecasts: Forecasts) -> Judged | None:
    start_us = exam.reached.get(spec.start)
    if start_us is None:
        return None
    closed_us, closed_by = _end(exam, spec.end)
    if closed_us is not None and closed_us < start_us:
        return None  # a clock that is wrong, or a step that was said late: no duration, so no target
    version = versions.judging(start_us, closed_us)
    target = None if version is None else version.target(spec.name, exam)
    if version is None or target is None:
        return None
    due_us = start_us + target.due_s * _SECOND_US
    return Judged(
        alert_id=alert_id_of(exam.exam_id, spec.name, version.targets_sha256),
        interval=spec.name,
        targets_sha256=version.targets_sha256,
        start_us=start_us,
        warn_us=due_us - target.warn_before_s * _SECOND_US,
        due_us=due_us,
        closed_us=closed_us,
        closed_by=closed_by,
        outlook=None if closed_us is not None else outlook(forecasts, spec.name, spec.end, due_us, target),
    )


def _end(exam: KnownExam, end: str) -> tuple[int | None, str | None]:
    """When the interval ended, and by which milestone; where nobody said it, it was by the next later one."""
    if end in exam.reached:
        return exam.reached[end], end
    later = [(exam.reached[name], name) for name in _LATER.get(end, ()) if name in exam.reached]
    if exam.cancelled_us is not None:
        later.append((exam.cancelled_us, CANCELLED))
    return min(later, default=(None, None))
