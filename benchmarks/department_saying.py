"""What the systems of a simulated department, and the archiver, say of its exams. Nothing is sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks.derived_keys import DerivedKeys
from producers.dicom.mapping import EventMaker, Subject
from producers.dicom.mapping import MappingConfig as DicomMapping
from producers.hl7.context import MappingConfig as Hl7Mapping
from producers.hl7.mapping import map_message
from producers.hl7.parsing import parse
from producers.simulator.exam import SimulatedExam, Step
from producers.simulator.hl7_messages import message_of
from schemas.events import Event, FirstImageStored, ImagesStored, SeriesStored, StudyStored
from schemas.identity import exam_id_of_accession, patient_key
from schemas.parts import Phi

SITE = "GENERAL"
_SECRET = bytes(32)
_IMAGE_BYTES = 525_000
_RECORDED_AFTER = timedelta(seconds=1)


class Saying:
    """HL7 messages go through the listener's mapping; what is said of images has its envelopes."""

    def __init__(self) -> None:
        self._ring = DerivedKeys()
        self._hl7 = Hl7Mapping(site=SITE, site_secret=_SECRET)
        self._dicom = EventMaker(DicomMapping(site=SITE, site_secret=_SECRET), self._ring)

    def of(self, exam: SimulatedExam) -> Iterator[Event]:
        """All events of `exam`."""
        for step, at in exam.timeline:
            at_utc = at.astimezone(UTC)
            if step is Step.IMAGES_SENT:
                yield from self._images(exam, at_utc)
            elif (message := message_of(exam, step)) is not None:
                yield from map_message(
                    parse(message.content), self._hl7, self._ring, at_utc + _RECORDED_AFTER
                )

    def _images(self, exam: SimulatedExam, at: datetime) -> Iterator[Event]:
        subject = _subject(exam)
        for cls, after, own in _stored(exam):
            envelope = self._dicom.envelope(
                cls,
                (exam.study_uid, subject.exam_id),
                subject,
                exam.scanner,
                occurred_at=at + after,
                recorded_at=at + after + _RECORDED_AFTER,
            )
            yield cls(
                envelope=envelope,
                accession_number=exam.accession_number,
                study_instance_uid=exam.study_uid,
                modality=exam.modality,
                **own,
            )


def _subject(exam: SimulatedExam) -> Subject:
    patient = exam.patient
    phi = Phi(
        patient_id=patient.mrn,
        patient_name=f"{patient.family_name}^{patient.given_name}",
        birth_date=patient.birth_date.strftime("%Y%m%d"),
        sex=patient.sex,
    )
    exam_id = exam_id_of_accession(SITE, exam.accession_number)
    return Subject(exam_id, patient_key(_SECRET, SITE, patient.mrn), phi)


def _stored(exam: SimulatedExam) -> Iterator[tuple[Any, timedelta, Mapping[str, object]]]:
    """Each event of a study that came in one association: how long after its first image, its fields."""
    images = len(exam.instance_uids)
    stored = {"instance_count": images, "size_bytes": images * _IMAGE_BYTES}
    sender, end = {"calling_ae_title": exam.scanner}, {"completed_by": "association"}
    yield FirstImageStored, timedelta(0), sender
    yield ImagesStored, timedelta(seconds=20), {"series_count": 1, **stored, **sender}
    yield SeriesStored, timedelta(seconds=25), {"series_instance_uid": exam.series_uid, **stored, **end}
    yield StudyStored, timedelta(seconds=25), {"series_count": 1, **stored, **end}
