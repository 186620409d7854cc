"""What we say of a study that was sent: StudySent, and the dead letter of one that was not."""

from __future__ import annotations

from datetime import datetime

from schemas.cloudevents import CONTENT_TYPE
from schemas.deadletters import DeadLetter
from schemas.events import Event, StudySent
from schemas.identity import event_id
from schemas.parts import Envelope, Source
from schemas.phi import KeyRing
from schemas.sealed_letters import DICOM_OUT, KafkaPlace, dead_letter_of
from sinks.dicom.destinations import Destination
from sinks.dicom.indexed import IndexedStudy

PROTOCOL = "DICOM"


def study_sent(
    cause: Event, study: IndexedStudy, destination: Destination, instance_count: int, now: datetime
) -> StudySent:
    """So many images of the study went there because of `cause`; these four make its id.

    Of a prior it stands under the prior's exam. Of a stored study under that which the cause names.
    """
    of = cause.envelope
    uid = study.study_instance_uid
    # Where the cause is said again, later images go for it too: that is another event.
    identity = (DICOM_OUT, destination.name, of.event_id, uid, str(instance_count), StudySent.AVRO_NAME)
    is_own = getattr(cause, "study_instance_uid", None) == uid
    return StudySent(
        envelope=Envelope(
            event_id=event_id(*identity),
            exam_id=of.exam_id if is_own else study.exam_id,
            occurred_at=now,
            recorded_at=now,
            source=Source(system="radstream", facility=of.site, protocol=PROTOCOL),
            source_message_id=of.event_id,
            site=study.site,
            swim_code=StudySent.SWIM_CODE,
            patient_key=study.patient_key,
        ),
        accession_number=study.accession_number,
        study_instance_uid=uid,
        instance_count=instance_count,
        destination_ae_title=destination.ae_title,
    )


def undeliverable(
    ring: KeyRing,
    cause: Event,
    value: bytes,
    place: KafkaPlace,
    *,
    study_instance_uid: str,
    destination: str,
    reason: str,
    detail: str,
    now: datetime,
) -> DeadLetter:
    """The dead letter of a study. It keeps the event that it was to go for, and no image."""
    this_id = cause.envelope.event_id
    return dead_letter_of(
        ring,
        identity=("dead-letter", DICOM_OUT, destination, this_id, study_instance_uid),
        origin=DICOM_OUT,
        reason=reason,
        detail=detail,
        source=cause.envelope.source,
        source_message_id=this_id,
        content_type=CONTENT_TYPE,
        payload=value,
        recorded_at=now,
        place=place,
        destination=destination,
    )
