"""Performed procedure steps to events: pure but for the keys; the same step gives the same ids."""

from __future__ import annotations

from datetime import datetime

from producers.dicom.mapping import EventMaker, Subject
from producers.dicom.mpps.journal import KnownStep
from producers.dicom.mpps.step import DISCONTINUED, StepExam
from schemas.errors import KeyNotFound
from schemas.events import (
    AcquisitionCompleted,
    AcquisitionDiscontinued,
    AcquisitionStarted,
    DoseReported,
    Event,
)
from schemas.parts import Envelope, Phi
from schemas.phi import KeyRing, open_sealed


class StepEvents:
    """Makes the events of one site."""

    def __init__(self, events: EventMaker, ring: KeyRing) -> None:
        self._events = events
        self._ring = ring

    def of_start(self, known: KnownStep, recorded_at: datetime) -> list[Event]:
        """AcquisitionStarted of each exam. Raises PhiError."""
        return [self._acquisition(AcquisitionStarted, known, exam, recorded_at) for exam in known.step.exams]

    def of_end(self, known: KnownStep, recorded_at: datetime) -> list[Event]:
        """What a final step says of each exam, and once of the dose: it was given once. Raises PhiError."""
        step = known.step
        ends = [
            self._discontinued(known, exam, recorded_at)
            if step.status == DISCONTINUED
            else self._acquisition(AcquisitionCompleted, known, exam, recorded_at)
            for exam in step.exams
        ]
        return [*ends, self._dose(known, step.exams[0], recorded_at)] if step.dose.is_known else ends

    def _acquisition(
        self,
        kind: type[AcquisitionStarted | AcquisitionCompleted],
        known: KnownStep,
        exam: StepExam,
        recorded_at: datetime,
    ) -> Event:
        return kind(
            envelope=self._envelope(kind, known, exam, recorded_at),
            accession_number=exam.accession_number,
            study_instance_uid=exam.study_instance_uid,
            modality=known.step.modality,
            station_ae_title=known.step.station_ae_title,
        )

    def _discontinued(self, known: KnownStep, exam: StepExam, recorded_at: datetime) -> Event:
        return AcquisitionDiscontinued(
            envelope=self._envelope(AcquisitionDiscontinued, known, exam, recorded_at),
            accession_number=exam.accession_number,
            reason=known.step.reason,
        )

    def _dose(self, known: KnownStep, exam: StepExam, recorded_at: datetime) -> Event:
        dose = known.step.dose
        return DoseReported(
            envelope=self._envelope(DoseReported, known, exam, recorded_at),
            accession_number=exam.accession_number,
            study_instance_uid=exam.study_instance_uid,
            modality=known.step.modality,
            ctdivol_mgy=dose.ctdivol_mgy,
            dap_gycm2=dose.dap_gycm2,
            exposure_count=dose.exposure_count,
            fluoroscopy_s=dose.fluoroscopy_s,
            station_ae_title=known.step.station_ae_title,
        )

    def _envelope(
        self, kind: type[Event], known: KnownStep, exam: StepExam, recorded_at: datetime
    ) -> Envelope:
        step = known.step
        return self._events.envelope(
            kind,
            (step.sop_instance_uid, exam.exam_id),
            Subject(exam.exam_id, known.patient_key, self._patient(known)),
            step.station_ae_title,
            occurred_at=step.ended_at or step.started_at,
            recorded_at=recorded_at,
        )

    def _patient(self, known: KnownStep) -> Phi:
        if known.phi is None:
            return Phi()
        try:
            return open_sealed(self._ring, known.step.sop_instance_uid, known.phi)
        except KeyNotFound:
            return Phi()  # the patient was erased meanwhile
