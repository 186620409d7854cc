"""The alert desk: rows, targets and time in, alerts to say out. No I/O, no clock.

What is said follows from what is known and from what was said, and from nothing else: so repeated and late
rows change nothing, and a desk that is filled again from the topics goes on where the last one was killed.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator

from processors.alerts.due import DueBook
from processors.alerts.judging import Judged, State, judge
from processors.alerts.known_exam import KnownExam
from processors.alerts.outlook import KnownForecasts
from processors.alerts.rows import alert_row, over_us, says_the_same, withdrawn
from processors.alerts.targets import Version, Versions
from processors.alerts.warned import with_warning
from schemas.views import AlertRow, PredictionRow

_NEVER_FIRST = frozenset({State.OPEN, State.MET})
Said = tuple[str, AlertRow | None]
"""Id of the alert and its row; None takes it out of the topic."""


class AlertDesk:
    """Knows exams, versions of targets, and what was said. Times in microseconds since the epoch, UTC."""

    def __init__(self, keep_us: int) -> None:
        """`keep_us`: an alert leaves the topic so long after it was closed, or else due."""
        self._keep_us = keep_us
        self._exams: dict[str, KnownExam] = {}
        self._said: dict[str, dict[str, AlertRow]] = {}
        self.versions = Versions()
        self.due = DueBook()
        self._forecasts = KnownForecasts()
        self._changed: dict[str, None] = {}
        self._timers: list[tuple[int, str]] = []
        self._timer_of: dict[str, int] = {}

    def take_said(self, row: AlertRow) -> None:
        """The topic has this row, and no later one of the same alert that was not taken, too."""
        self._said.setdefault(row.exam_id, {})[row.alert_id] = row
        self._changed[row.exam_id] = None

    def take_version(self, version: Version) -> None:
        """Targets came into force."""
        self.versions.add(version)
        self._changed.update(dict.fromkeys(self._exams))

    def take_exam(self, exam: KnownExam, now_us: int) -> None:
        """A row of an exam; an earlier one than what is known changes nothing."""
        known = self._exams.get(exam.exam_id)
        if known is not None and known.place >= exam.place:
            return
        # Most rows are of late: they need not be judged to know it.
        is_long_ago = exam.last_us + self._keep_us <= now_us
        if is_long_ago and exam.exam_id not in self._said and self._gone_us(exam) <= now_us:
            self._drop(exam.exam_id)
        else:
            self._exams[exam.exam_id] = exam
            self._changed[exam.exam_id] = None

    def take_forecast(self, prediction_id: str, row: PredictionRow | None) -> None:
        """What the topic of forecasts says of a milestone; None takes it back."""
        exam_id = self._forecasts.put(prediction_id, row)
        if exam_id in self._exams:
            self._changed[exam_id] = None

    def settle(self, now_us: int) -> list[Said]:
        """All that has to be said at `now_us`; it is taken as said."""
        while self._timers and self._timers[0][0] <= now_us:
            at_us, exam_id = heapq.heappop(self._timers)
            if self._timer_of.get(exam_id) == at_us:
                self._changed[exam_id] = None
        changed, self._changed = self._changed, {}
        return [said for exam_id in changed for said in self._settle(exam_id, now_us)]

    def next_us(self) -> int | None:
        """When something has to be said, or forgotten, though nothing comes."""
        while self._timers and self._timer_of.get(self._timers[0][1]) != self._timers[0][0]:
            heapq.heappop(self._timers)
        return self._timers[0][0] if self._timers else None

    def _settle(self, exam_id: str, now_us: int) -> Iterator[Said]:
        exam = self._exams.get(exam_id)
        judged = [] if exam is None else list(self._judge(exam))
        rows = self._said.setdefault(exam_id, {})
        # Without its row nothing is known: that the row is missing says nothing of the exam.
        if exam is not None:
            self.due.note(exam, judged, now_us)
            for row in list(self._to_say(exam, judged, now_us)):
                rows[row.alert_id] = row
                yield row.alert_id, row
        for alert_id in [alert_id for alert_id, row in rows.items() if self._is_past(over_us(row), now_us)]:
            del rows[alert_id]
            yield alert_id, None
        if not rows:
            del self._said[exam_id]
        if exam is not None and not rows and self._gone_us(exam, judged) <= now_us:
            self._drop(exam_id)
        else:
            self._set_timer(exam_id, judged, now_us)

    def _to_say(self, exam: KnownExam, judged: list[Judged], now_us: int) -> Iterator[AlertRow]:
        said = self._said[exam.exam_id]
        for one in judged:
            before = said.get(one.alert_id)
            is_no_alert = before is None and one.state(now_us) in _NEVER_FIRST
            if is_no_alert or self._is_past(one.over_us, now_us):
                continue
            row = with_warning(alert_row(exam, one, now_us), one, before)
            if before is None or not says_the_same(before, row):
                yield row
        for alert_id in said.keys() - {one.alert_id for one in judged}:
            if said[alert_id].state != State.WITHDRAWN:
                yield withdrawn(said[alert_id], now_us)

    def _is_past(self, over_us: int, now_us: int) -> bool:
        return over_us + self._keep_us <= now_us

    def _set_timer(self, exam_id: str, judged: list[Judged], now_us: int) -> None:
        exam = self._exams.get(exam_id)
        times = [at_us for one in judged if (at_us := one.next_us(now_us)) is not None]
        times += [over_us(row) + self._keep_us for row in self._said.get(exam_id, {}).values()]
        if exam is not None:
            times.append(self._gone_us(exam, judged))
        at_us = min((at_us for at_us in times if at_us > now_us), default=None)
        if at_us is None:
            self._timer_of.pop(exam_id, None)
        elif self._timer_of.get(exam_id) != at_us:
            self._timer_of[exam_id] = at_us
            heapq.heappush(self._timers, (at_us, exam_id))

    def _gone_us(self, exam: KnownExam, judged: list[Judged] | None = None) -> int:
        """From when on nothing is ever said of the exam again, unless it has news."""
        found = self._judge(exam) if judged is None else judged
        return max((exam.last_us, *(one.over_us for one in found))) + self._keep_us

    def _judge(self, exam: KnownExam) -> Iterator[Judged]:
        return judge(exam, self.versions, self._forecasts.of(exam.exam_id))

    def _drop(self, exam_id: str) -> None:
        self._forecasts.forget(exam_id)
        self._exams.pop(exam_id, None)
        self.due.forget(exam_id)
        self._timer_of.pop(exam_id, None)
