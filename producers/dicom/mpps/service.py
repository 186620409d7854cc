"""Modality Performed Procedure Step as SCP (DICOM PS3.4 annex F): the scanners say what they do.

The success status means that Kafka has the events and the disk has the step. Between the two nothing was
acknowledged: the modality sends again, and the events have the same ids.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from pydicom.dataset import Dataset
from pynetdicom import evt

from producers.dicom.associations.services import Handler, SupportedContext
from producers.dicom.mapping import MappingConfig, key_of_patient
from producers.dicom.mpps.events import StepEvents
from producers.dicom.mpps.journal import KnownStep, StepJournal
from producers.dicom.mpps.step import PerformedStep, created_step, updated_step
from producers.dicom.normalized.refusals import (
    DuplicateInstance,
    InvalidInstance,
    NoLongerUpdated,
    UnknownInstance,
)
from producers.dicom.normalized.requests import answered, attributes_of, readable
from producers.dicom.storage.attributes import is_uid, patient_in
from producers.publishing import EventPublisher
from schemas.phi import KeyRing, seal

PERFORMED_STEP = "1.2.840.10008.3.1.2.3.3"
# Calls on one step do not overlap; calls on different steps seldom do.
_LOCKS = 64

Answer = tuple[Dataset, None]


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
        ended: Callable[[PerformedStep], None],
    ) -> None:
        """`ended` is told of each step that is final, durably, before the modality is. Raises OSError."""
        self._config = config
        self._ring = ring
        self._journal = journal
        self._events = events
        self._publisher = publisher
        self._now = now
        self._ended = ended
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
        return self._answered(
            "N-CREATE", uid, event, lambda: self._create(uid, attributes_of(event, "attribute_list"))
        )

    def on_set(self, event: Any) -> Answer:
        """A step goes on, or ends."""
        uid = str(event.request.RequestedSOPInstanceUID or "")
        return self._answered(
            "N-SET", uid, event, lambda: self._set(uid, attributes_of(event, "modification_list"))
        )

    def _answered(self, request: str, uid: str, event: Any, do: Callable[[], KnownStep]) -> Answer:
        def take() -> dict[str, object]:
            if not is_uid(uid):
                raise InvalidInstance("SOP Instance UID is missing or none")
            with self._locks[hash(uid) % _LOCKS]:
                step = do().step
            return {"status": step.status, "exam_ids": [exam.exam_id for exam in step.exams]}

        return answered(request, event, take), None

    def _create(self, uid: str, attributes: Dataset) -> KnownStep:
        if self._journal.read(uid) is not None:
            raise DuplicateInstance("there is a step with this SOP Instance UID")
        step, phi = readable(
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
            raise UnknownInstance("there is no step with this SOP Instance UID")
        if before.step.is_final:
            raise NoLongerUpdated
        step = readable(lambda: updated_step(before.step, changes, self._config.zone))
        known = KnownStep(step, before.patient_key, before.phi)
        if step.is_final:
            self._publisher.publish(self._events.of_end(known, self._now()))
            # Before the journal: once that says that the step is final, the modality cannot say it again.
            self._ended(step)
        self._journal.write(known)
        return known
