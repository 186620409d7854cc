"""Modality Performed Procedure Step as SCP (DICOM PS3.4 annex F): the scanners say what they do.

The success status means that Kafka has the events and the disk has the step. Between the two nothing was
acknowledged: the modality sends again, and the events have the same ids.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar

import structlog
from pydicom.dataset import Dataset
from pynetdicom import evt

from producers.dicom.attributes import check_whole, is_uid, patient_in
from producers.dicom.mapping import MappingConfig, key_of_patient
from producers.dicom.mpps_events import StepEvents
from producers.dicom.mpps_journal import KnownStep, StepJournal
from producers.dicom.mpps_refusals import (
    RESOURCE_LIMITATION,
    CannotProcess,
    DuplicateStep,
    InvalidInstance,
    NoLongerUpdated,
    StepRefused,
    UnknownStep,
)
from producers.dicom.mpps_step import created_step, updated_step
from producers.dicom.refusals import SUCCESS, CannotUnderstand
from producers.dicom.services import Handler, SupportedContext
from producers.faults import place_of
from producers.publishing import EventPublisher, PublishFailed
from schemas.errors import PhiError
from schemas.phi import KeyRing, seal

log = structlog.get_logger("dicom")

PERFORMED_STEP = "1.2.840.10008.3.1.2.3.3"
_PROCESSING_FAILURE = 0x0110
# Calls on one step do not overlap; calls on different steps seldom do.
_LOCKS = 64

Answer = tuple[Dataset, None]
Read = TypeVar("Read")


class PerformedStepService:
    """Shared by all associations."""

    def __init__(
        self,
        *,
        config: MappingConfig,
        ring: KeyRing,
        journal: StepJournal,
        events: StepEvents,
        publisher: EventPublisher,
        now: Callable[[], datetime],
    ) -> None:
        self._config = config
        self._ring = ring
        self._journal = journal
        self._events = events
        self._publisher = publisher
        self._now = now
        self._locks = tuple(threading.Lock() for _ in range(_LOCKS))

    def contexts(self) -> Sequence[SupportedContext]:
        """Modality Performed Procedure Step."""
        return [SupportedContext(PERFORMED_STEP)]

    def handlers(self) -> Sequence[Handler]:
        """N-CREATE and N-SET."""
        return [(evt.EVT_N_CREATE, self.on_create), (evt.EVT_N_SET, self.on_set)]

    def on_create(self, event: Any) -> Answer:
        """A step begins."""
        uid = str(event.request.AffectedSOPInstanceUID or "")
        return self._answered("N-CREATE", uid, event, lambda: self._create(uid, _attributes(event, "create")))

    def on_set(self, event: Any) -> Answer:
        """A step goes on, or ends."""
        uid = str(event.request.RequestedSOPInstanceUID or "")
        return self._answered("N-SET", uid, event, lambda: self._set(uid, _attributes(event, "set")))

    def _answered(self, request: str, uid: str, event: Any, do: Callable[[], KnownStep]) -> Answer:
        """Never raises: the library would log the text of what was raised."""
        calling = str(event.assoc.requestor.ae_title).strip()
        try:
            if not is_uid(uid):
                raise InvalidInstance("SOP Instance UID is missing or none")
            with self._locks[hash(uid) % _LOCKS]:
                known = do()
        except StepRefused as refused:
            log.warning(
                "step refused", request=request, reason=type(refused).__name__, calling_ae_title=calling
            )
            return _status(refused.status, str(refused), refused.error_id), None
        except (PublishFailed, PhiError, OSError) as error:
            log.warning(
                "step not taken", request=request, error=type(error).__name__, calling_ae_title=calling
            )
            return _status(RESOURCE_LIMITATION, "not durable now: send it again"), None
        except Exception as error:  # noqa: BLE001 - a fault of ours is one request's status, and is logged
            log.error("step failed", request=request, fault=place_of(error))
            return _status(_PROCESSING_FAILURE, "internal fault"), None
        exams = [exam.exam_id for exam in known.step.exams]
        log.info("step", request=request, status=known.step.status, exam_ids=exams, calling_ae_title=calling)
        return _status(SUCCESS), None

    def _create(self, uid: str, attributes: Dataset) -> KnownStep:
        if self._journal.read(uid) is not None:
            raise DuplicateStep("there is a step with this SOP Instance UID")
        step, phi = _readable(
            lambda: (
                created_step(uid, attributes, self._config.site, self._config.zone),
                patient_in(attributes),
            )
        )
        patient = key_of_patient(phi, self._config)
        sealed = None if patient is None else seal(self._ring, patient, uid, phi)
        known = KnownStep(step, patient, sealed)
        self._publisher.publish(self._events.of_start(known, self._now()))
        self._journal.write(known)
        return known

    def _set(self, uid: str, changes: Dataset) -> KnownStep:
        before = self._journal.read(uid)
        if before is None:
            raise UnknownStep("there is no step with this SOP Instance UID")
        if before.step.is_final:
            raise NoLongerUpdated
        step = _readable(lambda: updated_step(before.step, changes, self._config.zone))
        known = KnownStep(step, before.patient_key, before.phi)
        if step.is_final:
            self._publisher.publish(self._events.of_end(known, self._now()))
        self._journal.write(known)
        return known


def _attributes(event: Any, request: str) -> Dataset:
    def read() -> Dataset:
        data_set: Dataset = event.attribute_list if request == "create" else event.modification_list
        check_whole(data_set)
        return data_set

    return _readable(read)


def _readable(read: Callable[[], Read]) -> Read:
    """What damaged bytes provoke in the reader, whenever it comes to them, is one refusal."""
    try:
        return read()
    except StepRefused:
        raise
    except CannotUnderstand as error:
        raise CannotProcess(str(error)) from None
    except Exception as error:  # noqa: BLE001 - whatever it is, the attribute list is unreadable
        raise CannotProcess(f"unreadable attribute list: {type(error).__name__}") from None


def _status(status: int, comment: str = "", error_id: int | None = None) -> Dataset:
    """The status with Error Comment (0000,0902) and Error ID (0000,0903)."""
    data_set = Dataset()
    data_set.Status = status
    if comment:
        data_set.ErrorComment = comment[:64]
    if error_id is not None:
        data_set.ErrorID = error_id
    return data_set
