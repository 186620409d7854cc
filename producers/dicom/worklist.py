"""Modality Worklist as SCP (DICOM PS3.4 annex K): what the modalities have still to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from itertools import islice
from typing import Any

import structlog
from pydicom.dataset import Dataset
from pynetdicom import evt

from producers.dicom.identifiers import answer, keys_of, unsupported
from producers.dicom.matching import BadKey, Item, Key, bounds_of, check, matches
from producers.dicom.refusals import OUT_OF_RESOURCES, CannotUnderstand
from producers.dicom.services import Handler, SupportedContext, await_sent
from producers.dicom.worklist_items import exam_item, patient_item, start_of
from producers.dicom.worklist_rows import OpenExams
from producers.faults import place_of
from schemas.errors import KeyNotFound, PhiError
from schemas.parts import Phi
from schemas.phi import KeyRing, open_sealed
from schemas.views import WorklistRow

log = structlog.get_logger("dicom")

WORKLIST_FIND = "1.2.840.10008.5.1.4.31"
# PS3.4 table K.4-1.
PENDING, PENDING_WITHOUT_SOME_KEYS = 0xFF00, 0xFF01
CANCELLED = 0xFE00
IDENTIFIER_DOES_NOT_MATCH = 0xA900
UNABLE_TO_PROCESS = 0xC000
_PATIENT = frozenset(patient_item(Phi()))
# Between two looks for a C-CANCEL.
_ANSWERS_AT_ONCE = 16
_STATION = "ScheduledStationAETitle"
_DAY = "ScheduledProcedureStepStartDate"
_STEPS = "ScheduledProcedureStepSequence"

Answer = tuple[int | Dataset, Dataset | None]


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

    def __init__(self, config: WorklistConfig, exams: OpenExams, ring: KeyRing) -> None:
        """`exams` is filled by someone else."""
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
        """Statuses and matches. Never raises: the library would log the text of what was raised."""
        try:
            yield from self._find(event)
        except BadKey as error:
            yield _failure(IDENTIFIER_DOES_NOT_MATCH, str(error)), None
        except CannotUnderstand as error:
            yield _failure(UNABLE_TO_PROCESS, str(error)), None
        except PhiError as error:
            log.warning("worklist not answered", error=type(error).__name__)
            yield _failure(OUT_OF_RESOURCES, "patients' keys are not available"), None
        except Exception as error:  # noqa: BLE001 - a fault of ours is one query's status, and is logged
            log.error("worklist query failed", fault=place_of(error))
            yield _failure(UNABLE_TO_PROCESS, "internal fault"), None

    def _find(self, event: Any) -> Iterator[Answer]:
        keys = _query(event)
        if not self._exams.await_read(self._config.await_s):
            yield _failure(OUT_OF_RESOURCES, "the worklist is being read"), None
            return
        calling = str(event.assoc.requestor.ae_title).strip()
        found = self.items(keys, _asked_station(keys) or calling)
        count = 0
        for item in islice(found, self._config.maximum_answers):
            if count % _ANSWERS_AT_ONCE == _ANSWERS_AT_ONCE - 1:
                await_sent(event.assoc)
            if event.is_cancelled:
                yield CANCELLED, None
                return
            yield (PENDING_WITHOUT_SOME_KEYS if unsupported(keys, item) else PENDING), answer(keys, item)
            count += 1
        if next(found, None) is not None:
            yield _failure(OUT_OF_RESOURCES, "more matches than the limit: narrow the query"), None
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


def _query(event: Any) -> tuple[Key, ...]:
    try:
        identifier = event.identifier
    except Exception as error:  # noqa: BLE001 - whatever damaged bytes provoke in the reader, they are unreadable
        raise CannotUnderstand(f"unreadable identifier: {type(error).__name__}") from None
    keys = keys_of(identifier)
    if not keys:
        raise BadKey("Identifier", "no key")
    check(keys)
    return keys


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


def _failure(status: int, comment: str) -> Dataset:
    """A status with Error Comment (0000,0902), LO."""
    data_set = Dataset()
    data_set.Status = status
    data_set.ErrorComment = comment[:64]
    return data_set
