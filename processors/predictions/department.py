"""How busy a department is, as far as it was known: what an exam's wait depends on besides itself. Pure."""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

from processors.predictions.exam import ForecastExam, Phase
from processors.predictions.lines import Line, Pace, Recent

MINUTE_US = 60_000_000
_HOUR_US = 60 * MINUTE_US
_DAY_US = 24 * _HOUR_US
_PATIENCE_US = {
    Phase.PLANNED: 2 * _HOUR_US,
    Phase.WAITING: 12 * _HOUR_US,
    Phase.SCANNED: 6 * _HOUR_US,
    Phase.UNREAD: 7 * _DAY_US,
    Phase.DRAFTED: 7 * _DAY_US,
}
_RANKS = {"S": 0, "STAT": 0, "A": 1, "ASAP": 1, "T": 1, "P": 2, "PREOP": 2, "C": 2, "CALLBACK": 2}
_LEAST_URGENT = 3
_RESULTS = ("dictated", "preliminary", "final")

Place = tuple[str, ...]


def urgency(priority: str) -> int:
    """Rank of a priority (HL7 table 0485): 0 is the most urgent."""
    return _RANKS.get(priority.upper(), _LEAST_URGENT)


class Load(NamedTuple):
    """What an exam meets. Counts of exams; paces in minutes, NaN where nothing was measured yet."""

    waiting: float
    waiting_ahead: float
    on_scanners: float
    expected_soon: float
    unread: float
    unread_ahead: float
    unread_of_modality: float
    started_last_hour: float
    scanners_last_hour: float
    read_last_hour: float
    readers_last_hour: float
    wait_pace: float
    reading_pace: float


class _Standing(NamedTuple):
    phase: Phase
    place: Place
    rank: int
    since_us: int


class Department:
    """All exams that are open, and what the last hour brought, by site.

    It is told of each change when it becomes known, in that order, and never looks ahead: the same code runs
    live and over history.
    """

    def __init__(self) -> None:
        self._exams: dict[str, tuple[ForecastExam, _Standing | None]] = {}
        self._lines: dict[tuple[Phase, Place], Line] = {}
        self._starts: dict[Place, Recent] = defaultdict(lambda: Recent(_HOUR_US))
        self._reads: dict[Place, Recent] = defaultdict(lambda: Recent(_HOUR_US))
        self._waits: dict[Place, Pace] = defaultdict(Pace)
        self._readings: dict[Place, Pace] = defaultdict(Pace)

    def take(self, exam: ForecastExam, now_us: int) -> None:
        """`exam` is what is known of it from `now_us` on."""
        before = self.forget(exam.exam_id)
        self._note_progress(before, exam, now_us)
        stands = self._standing(exam, now_us)
        if stands is None:
            return
        self._line(stands.phase, stands.place).join(stands.rank, stands.since_us)
        self._line(stands.phase, stands.place[:1]).join(stands.rank, stands.since_us)
        self._exams[exam.exam_id] = exam, stands

    def forget(self, exam_id: str) -> ForecastExam | None:
        """Nothing more is known of an exam; what was known of it, if it was open."""
        before, stood = self._exams.pop(exam_id, (None, None))
        if stood is not None:
            self._line(stood.phase, stood.place).leave(stood.rank, stood.since_us)
            self._line(stood.phase, stood.place[:1]).leave(stood.rank, stood.since_us)
        return before

    def load(self, exam: ForecastExam, now_us: int) -> Load:
        """What `exam` meets at `now_us`."""
        site, place, rank = (exam.site,), (exam.site, exam.modality), urgency(exam.priority)
        since_us = exam.since_us if exam.since_us is not None else now_us
        waiting_us = since_us if exam.phase is Phase.WAITING else now_us
        unread_us = since_us if exam.phase is Phase.UNREAD else now_us
        waiting, unread = self._line(Phase.WAITING, place), self._line(Phase.UNREAD, site)
        starts, scanners = self._starts[place].counts(now_us)
        reads, readers = self._reads[site].counts(now_us)
        planned = self._line(Phase.PLANNED, place)
        return Load(
            waiting=waiting.length(now_us),
            waiting_ahead=waiting.ahead(rank, waiting_us, now_us),
            on_scanners=self._line(Phase.SCANNED, place).length(now_us),
            expected_soon=planned.between(now_us - _HOUR_US // 2, now_us + _HOUR_US),
            unread=unread.length(now_us),
            unread_ahead=unread.ahead(rank, unread_us, now_us),
            unread_of_modality=self._line(Phase.UNREAD, place).length(now_us),
            started_last_hour=starts,
            scanners_last_hour=scanners,
            read_last_hour=reads,
            readers_last_hour=readers,
            wait_pace=self._waits[place].minutes,
            reading_pace=self._readings[*site, str(rank)].minutes,
        )

    def open_exams(self) -> list[ForecastExam]:
        """All that are not over."""
        return [exam for exam, _ in self._exams.values()]

    def _line(self, phase: Phase, place: Place) -> Line:
        line = self._lines.get((phase, place))
        if line is None:
            line = self._lines[phase, place] = Line(_PATIENCE_US[phase])
        return line

    def _standing(self, exam: ForecastExam, now_us: int) -> _Standing | None:
        if exam.phase is Phase.OVER:
            return None
        since_us = exam.scheduled_us if exam.phase is Phase.PLANNED else exam.since_us
        place = (exam.site, exam.modality)
        return _Standing(exam.phase, place, urgency(exam.priority), now_us if since_us is None else since_us)

    def _note_progress(self, before: ForecastExam | None, exam: ForecastExam, now_us: int) -> None:
        if before is None and exam.phase is Phase.OVER:
            return  # a correction, say, of what was over before
        known = {} if before is None else before.reached
        reached, place = exam.reached, (exam.site, exam.modality)
        if "started" in reached and "started" not in known:
            self._starts[place].note(now_us, exam.station)
            if "arrived" in reached:
                self._waits[place].note((reached["started"] - reached["arrived"]) / MINUTE_US)
        if not any(name in known for name in _RESULTS) and (
            results := [reached[name] for name in _RESULTS if name in reached]
        ):
            self._reads[exam.site,].note(now_us, exam.reader)
            if "completed" in reached:
                pace = self._readings[exam.site, str(urgency(exam.priority))]
                pace.note((min(results) - reached["completed"]) / MINUTE_US)
