"""All events of a simulated exam, with what a real feed gets wrong: late events, clocks that are off. Pure.

Beyond what a live run can say there are also addenda, days after the report.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from producers.history.account import Account
from producers.history.steps import addendum, told
from producers.simulator.department import DepartmentConfig
from producers.simulator.exam import SimulatedExam, Step
from producers.simulator.identities import PlanIdentity
from schemas.events import AcquisitionCompleted, AcquisitionStarted, Event
from schemas.phi import KeyRing

_BY_THE_SCANNERS_CLOCK = (AcquisitionStarted, AcquisitionCompleted)


@dataclass(frozen=True, slots=True)
class Teller:
    """Tells exams of one department; nothing is told from `until` on.

    `ring` has, or makes, the patients' keys.
    """

    identity: PlanIdentity
    department: DepartmentConfig
    site_secret: bytes
    ring: KeyRing
    until: datetime

    def events_of(self, exam: SimulatedExam) -> list[Event]:
        """Every event of `exam`, in the order in which they were learned of."""
        account = Account.of(exam, self.site_secret, self.ring)
        said = [*told(account, self.site_secret), *self._addenda(account)]
        told_in_time = (e for e in self._with_faults(exam, said) if e.envelope.recorded_at < self.until)
        return sorted(told_in_time, key=_recorded_at)

    def _addenda(self, account: Account) -> Iterator[Event]:
        draws = self.identity.draws("addendum", account.exam.index)
        final_at = account.exam.at(Step.FINAL)
        if final_at is not None and draws.happens(self.department.addended_share):
            after = timedelta(seconds=1 + round(draws.duration_s(self.department.addition)))
            yield addendum(account, final_at.astimezone(UTC) + after, self.site_secret)

    def _with_faults(self, exam: SimulatedExam, said: list[Event]) -> Iterator[Event]:
        faults = self.department.faults
        draws = self.identity.draws("late", exam.index)
        off_s = self.clock_off_s(exam.scanner, exam.begins_at)
        for event in said:
            told_event = event
            if off_s and isinstance(event, _BY_THE_SCANNERS_CLOCK):
                told_event = _by_clock(event, off_s)
            if draws.happens(faults.late_share):
                told_event = _later(told_event, draws.duration_s(faults.late))
            yield told_event

    def clock_off_s(self, scanner: str, at: datetime) -> int:
        """How far the scanner's clock is ahead in the week of `at`, seconds: 0 in most."""
        faults = self.department.faults
        if not faults.clock_share:
            return 0
        week = at.isocalendar()
        draws = self.identity.draws(f"clock {scanner} {week.year}", week.week)
        if not draws.happens(faults.clock_share):
            return 0
        return round(draws.between(-faults.clock_off_s, faults.clock_off_s))


def _later(event: Event, delay_s: float) -> Event:
    envelope = event.envelope
    recorded_at = envelope.recorded_at + timedelta(seconds=round(delay_s))
    return replace(event, envelope=replace(envelope, recorded_at=recorded_at))


def _by_clock(event: Event, off_s: int) -> Event:
    envelope = event.envelope
    occurred_at = envelope.occurred_at + timedelta(seconds=off_s)
    return replace(event, envelope=replace(envelope, occurred_at=occurred_at))


def _recorded_at(event: Event) -> tuple[datetime, str]:
    return event.envelope.recorded_at, event.envelope.event_id
