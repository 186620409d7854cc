"""Modality Worklist as SCP (DICOM PS3.4 annex K): what the modalities have still to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Any

import structlog
from pynetdicom import evt

from producers.dicom.associations.services import Handler, SupportedContext
from producers.dicom.query.find_answers import Answer, CannotAnswer, answers, guarded, keys_asked
from producers.dicom.query.matching import Item, Key, bounds_of, matches
from producers.dicom.query.recording import QueryLog
from producers.dicom.worklist.items import exam_item, patient_item, start_of
from producers.dicom.worklist.rows import OpenExams
from producers.publishing import PublishFailed
from schemas.errors import KeyNotFound
from schemas.parts import Phi
from schemas.phi import KeyRing, open_sealed
from schemas.views import WorklistRow

log = structlog.get_logger("dicom")

WORKLIST_FIND = "1.2.840.10008.5.1.4.31"
_PATIENT = frozenset(patient_item(Phi()))
_STATION = "ScheduledStationAETitle"
_DAY = "ScheduledProcedureStepStartDate"
_STEPS = "ScheduledProcedureStepSequence"


@dataclass(frozen=True, slots=True)
class WorklistConfig:
    """zone: where the site's clock stands.

    maximum_answers: after so many matches a query ends with Out of Resources (0xA700).
    await_s: how long a query waits for the worklist after a start.
    """

    zone: tzinfo = UTC
    maximum_answers: int = 5_000
    await_s: float = 5.0


class WorklistService:
    """Answers from memory; patients' names are opened for those exams only that match otherwise."""

    def __init__(self, config: WorklistConfig, exams: OpenExams, ring: KeyRing, queries: QueryLog) -> None:
        """`exams` is filled by someone else; `queries` has who asks."""
        self._queries = queries
        self._config = config
        self._exams = exams
        self._ring = ring

    def contexts(self) -> Sequence[SupportedContext]:
        """Modality Worklist Information Model - FIND."""
        return [SupportedContext(WORKLIST_FIND)]

    def handlers(self) -> Sequence[Handler]:
        """C-FIND."""
        return [(evt.EVT_C_FIND, self.on_find)]

    def on_find(self, event: Any) -> Iterator[Answer]:
        """Statuses and matches. Never raises."""
        return guarded(event, self._find)

    def _find(self, event: Any) -> Iterator[Answer]:
        keys = keys_asked(event)
        if not self._exams.await_read(self._config.await_s):
            raise CannotAnswer("the worklist is being read")
        calling = str(event.assoc.requestor.ae_title).strip()
        try:
            self._queries.record(event, "C-FIND, modality worklist")
        except PublishFailed:
            # A scanner without its worklist is a patient who waits: it is answered, and our log has it.
            log.warning("worklist_query_not_recorded", calling_ae_title=calling)
        found = self.items(keys, _asked_station(keys) or calling)
        count = yield from answers(event, keys, found, self._config.maximum_answers)
        log.info("worklist answered", calling_ae_title=calling, matches=count)

    def items(self, keys: Sequence[Key], any_station: str) -> Iterator[Item]:
        """The items that match, soonest first. Raises PhiError where keys are out of reach."""
        of_patient = [key for key in keys if key.keyword in _PATIENT]
        of_exam = [key for key in keys if key.keyword not in _PATIENT]
        found = [(exam_item(row, self._config.zone, any_station), row) for row in self._on_days(keys)]
        matching = [(item, row) for item, row in found if matches(of_exam, item)]
        for item, row in sorted(matching, key=lambda pair: _start(pair[0])):
            patient = self._patient(row)
            if patient is not None and matches(of_patient, patient):
                yield {**item, **patient}

    def _on_days(self, keys: Sequence[Key]) -> Iterator[WorklistRow]:
        """The exams of the days that the query is of: most queries want one day of many."""
        day = next((key for key in _step_keys(keys) if key.keyword == _DAY and key.values), None)
        bounds = None if day is None else bounds_of(day)
        for row in self._exams.all():
            starts = start_of(row).astimezone(self._config.zone)
            if bounds is None or bounds.first <= f"{starts:%Y%m%d}" <= bounds.last:
                yield row

    def _patient(self, row: WorklistRow) -> Item | None:
        """None where nobody can say who the patient is: an erased one, or no identity was ever sent."""
        if row.phi is None or row.phi_event_id is None:
            return None
        try:
            phi = open_sealed(self._ring, row.phi_event_id, row.phi)
        except KeyNotFound:
            return None
        item = patient_item(phi)
        return item if item["PatientName"] and item["PatientID"] else None


def _step_keys(keys: Sequence[Key]) -> Sequence[Key]:
    return next((key.keys for key in keys if key.keyword == _STEPS), ())


def _asked_station(keys: Sequence[Key]) -> str | None:
    """The one AE title that the query names, unless with wildcards."""
    values = next((key.values for key in _step_keys(keys) if key.keyword == _STATION), ())
    return values[0] if len(values) == 1 and not set("*?") & set(values[0]) else None


def _start(item: Item) -> tuple[str, str, str]:
    step = item[_STEPS]
    assert not isinstance(step, str)  # noqa: S101 - our own items
    names = (_DAY, "ScheduledProcedureStepStartTime")
    date, time = (str(step[0][name]) for name in names)
    return date, time, str(item["AccessionNumber"])
