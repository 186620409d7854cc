"""The forecasts of all open exams, and what has to be said of them. No I/O, no clock."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import tzinfo

from processors.alerts.targets import Versions
from processors.predictions.config import InUse
from processors.predictions.department import Department
from processors.predictions.exam import ForecastExam
from processors.predictions.examples import examples_now
from processors.predictions.rows import forecast_rows, prediction_id_of
from schemas.parts import Target
from schemas.views import PredictionRow

# Some tenths of a second's work.
_PORTION = 1_000

Said = tuple[str, PredictionRow | None]
"""Key of a row and the row; None takes it out of the topic."""


class ForecastDesk:
    """Told of each exam as it changes; asked now and then what is to be said."""

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone
        self.versions = Versions()
        self._department = Department()
        self._said: dict[str, dict[str, PredictionRow]] = {}
        self._changed: dict[str, ForecastExam] = {}
        self._exams: dict[str, ForecastExam] = {}
        self.forecast_exams = 0

    def take_said(self, row: PredictionRow) -> None:
        """The topic has this row."""
        self._said.setdefault(row.exam_id, {})[row.milestone] = row

    def take_exam(self, exam: ForecastExam, now_us: int) -> None:
        """What is known of an exam from `now_us` on."""
        self._department.take(exam, now_us)
        self._changed[exam.exam_id] = exam
        if exam.coming:
            self._exams[exam.exam_id] = exam
        else:
            self._exams.pop(exam.exam_id, None)

    def forget(self, exam_id: str) -> None:
        """There is no such exam."""
        self._department.forget(exam_id)
        self._exams.pop(exam_id, None)
        self._changed.pop(exam_id, None)

    @property
    def open_exams(self) -> int:
        """How many exams have something to come."""
        return len(self._exams)

    def settle(
        self,
        in_use: InUse | None,
        now_us: int,
        *,
        everything: bool,
        between: Callable[[], object] = lambda: None,
    ) -> list[Said]:
        """What has to be said now, of what changed since, or of `everything`; it is taken as said.

        However many they are: `between` is called every few moments.
        """
        asked = self._exams if everything else self._changed
        coming = [exam for exam in asked.values() if exam.coming and not exam.is_lost(now_us)]
        found = self._gone(self._said if everything else self._changed, now_us)
        self._changed = {}
        if in_use is None:
            return found
        for first in range(0, len(coming), _PORTION):
            between()
            found += self._forecast(coming[first : first + _PORTION], in_use, now_us)
        return found

    def _forecast(self, exams: Sequence[ForecastExam], in_use: InUse, now_us: int) -> Iterator[Said]:
        self.forecast_exams += len(exams)
        examples = examples_now(exams, self._department, now_us, self._zone)
        for row in forecast_rows(exams, examples, in_use, self._in_force, now_us, self._said):
            self.take_said(row)
            yield row.prediction_id, row

    def _in_force(self, start_us: int) -> Sequence[Target]:
        version = self.versions.judging(start_us, None)
        return () if version is None else version.targets

    def _gone(self, exam_ids: Iterable[str], now_us: int) -> list[Said]:
        """Forecasts of what has come, or will not come any more."""
        found: list[Said] = []
        for exam_id in list(exam_ids):
            exam = self._exams.get(exam_id)
            coming = () if exam is None or exam.is_lost(now_us) else exam.coming
            said = self._said.get(exam_id, {})
            for milestone in [name for name in said if name not in coming]:
                del said[milestone]
                found.append((prediction_id_of(exam_id, milestone), None))
            if not said:
                self._said.pop(exam_id, None)
        return found
