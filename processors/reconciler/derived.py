"""The events that the reconciler says. Pure: the same causes always give the same ids."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from processors.facts import from_us
from processors.reconciler.known_exam import KnownExam
from schemas.events import Event, ExamReconciled, PatientErased, PatientMerged, PatientUnmerged
from schemas.identity import event_id
from schemas.parts import Envelope, Source

ORIGIN = "reconciler"
PROTOCOL = "radstream"
PatientEvent = PatientMerged | PatientUnmerged | PatientErased
PATIENT_EVENTS = (PatientMerged, PatientUnmerged, PatientErased)


def keys_of(event: PatientEvent) -> tuple[str, ...]:
    """The patients whom the event is about."""
    if isinstance(event, PatientErased):
        return () if event.envelope.patient_key is None else (event.envelope.patient_key,)
    return event.merged_patient_key, event.surviving_patient_key


def exam_event_id(cause: PatientEvent, exam_id: str) -> str:
    """The id of `cause` under an exam; what is said under the keys of two patients is one event here."""
    source = cause.envelope.source
    message = source.system, source.facility, source.protocol, cause.envelope.source_message_id
    return event_id(ORIGIN, type(cause).__name__, *message, *keys_of(cause), exam_id)


def under_exam(cause: PatientEvent, exam_id: str, site: str, corrected: PatientEvent | None) -> Event:
    """What was said of a patient, said under an exam. `corrected`: what `cause` takes back, if known."""
    envelope = replace(
        cause.envelope,
        event_id=exam_event_id(cause, exam_id),
        exam_id=exam_id,
        source=_source(site),
        source_message_id=cause.envelope.event_id,
        site=site,
        # Ciphertext is bound to the event that it came with.
        phi=None,
        corrects=None if corrected is None else exam_event_id(corrected, exam_id),
    )
    return replace(cause, envelope=envelope)


def left(study: KnownExam, into: KnownExam, recorded_us: int) -> Event:
    """The study's events belong to `into`: said under the study's own exam_id."""
    envelope = _envelope(
        study.exam_id, study.site, into.exam_id, from_us(recorded_us), (study.exam_id, into.exam_id)
    )
    return ExamReconciled(
        envelope=envelope,
        from_exam_id=study.exam_id,
        into_exam_id=into.exam_id,
        study_instance_uid=study.study_instance_uid,
    )


def images_came(study: KnownExam, into_exam_id: str, site: str, recorded_us: int) -> Event:
    """What the study's images came to: said under the exam that they belong to, anew when there are more."""
    came = (study.first_image_us, study.stored_us, study.series_count, study.instance_count)
    identity = (study.exam_id, into_exam_id, *map(str, came), study.patient_key or "", study.modality or "")
    return ExamReconciled(
        envelope=_envelope(into_exam_id, site, study.exam_id, from_us(recorded_us), identity),
        from_exam_id=study.exam_id,
        into_exam_id=into_exam_id,
        study_instance_uid=study.study_instance_uid,
        modality=study.modality,
        first_image_at=_instant(study.first_image_us),
        stored_at=_instant(study.stored_us),
        series_count=study.series_count,
        instance_count=study.instance_count,
        images_patient_key=study.patient_key,
    )


def _envelope(exam_id: str, site: str, other: str, at: datetime, identity: Sequence[str]) -> Envelope:
    return Envelope(
        event_id=event_id(ORIGIN, "ExamReconciled", *identity),
        exam_id=exam_id,
        occurred_at=at,
        recorded_at=at,
        source=_source(site),
        source_message_id=other,
        site=site,
        swim_code=ExamReconciled.SWIM_CODE,
    )


def _source(site: str) -> Source:
    return Source(system=ORIGIN, facility=site, protocol=PROTOCOL)


def _instant(microseconds: int | None) -> datetime | None:
    return None if microseconds is None else from_us(microseconds)
