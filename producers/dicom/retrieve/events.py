"""What is said of a retrieval: that somebody was given access, and which studies went where."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from producers.dicom.mapping import PROTOCOL
from producers.dicom.retrieve.sub_operations import Retrieved
from schemas.audit_codes import INSTANCES_ACCESSED, READ, SUCCESS
from schemas.events import AccessRecorded, Event, StudyRetrieved
from schemas.identity import event_id
from schemas.parts import Envelope, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrieval:
    """One C-GET or C-MOVE. retrieved_by: who gets the images. retrieval_id: made for it."""

    site: str
    calling_ae_title: str
    network_address: str
    retrieved_by: str
    retrieval_id: str


def new_retrieval_id() -> str:
    """The same request again is another retrieval."""
    return str(uuid4())


def access_recorded(retrieval: Retrieval, of: Retrieved, now: datetime) -> AccessRecorded:
    """Said before the first image goes out."""
    return AccessRecorded(
        envelope=_envelope(AccessRecorded, retrieval, of, now),
        event_code=INSTANCES_ACCESSED,
        action=READ,
        outcome=SUCCESS,
        user=retrieval.calling_ae_title,
        network_address=retrieval.network_address,
        object=f"study {of.study_instance_uid} to {retrieval.retrieved_by}",
    )


def study_retrieved(
    retrieval: Retrieval, of: Retrieved, instance_count: int, now: datetime
) -> StudyRetrieved:
    """Said after the last: `instance_count` images were taken."""
    return StudyRetrieved(
        envelope=_envelope(StudyRetrieved, retrieval, of, now),
        accession_number=of.accession_number,
        study_instance_uid=of.study_instance_uid,
        instance_count=instance_count,
        retrieved_by_ae_title=retrieval.retrieved_by,
    )


def _envelope(step: type[Event], retrieval: Retrieval, of: Retrieved, now: datetime) -> Envelope:
    """Without the patient in clear or sealed: the exam is known by its id."""
    this_id = event_id("dicom", retrieval.retrieval_id, of.study_instance_uid, of.exam_id, step.AVRO_NAME)
    return Envelope(
        event_id=this_id,
        exam_id=of.exam_id,
        occurred_at=now,
        recorded_at=now,
        source=Source(system=retrieval.calling_ae_title, facility="", protocol=PROTOCOL),
        source_message_id=retrieval.retrieval_id,
        site=retrieval.site,
        swim_code=step.SWIM_CODE,
        patient_key=of.patient_key,
    )
