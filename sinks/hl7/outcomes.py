"""What we say of a delivery: ReportDelivered or ReportDeliveryFailed, and the dead letter."""

from __future__ import annotations

from datetime import datetime

from schemas.cloudevents import CONTENT_TYPE
from schemas.deadletters import DeadLetter
from schemas.events import Event, ReportDelivered, ReportDeliveryFailed
from schemas.identity import event_id
from schemas.parts import Envelope, Source
from schemas.phi import KeyRing
from schemas.sealed_letters import HL7_OUT, KafkaPlace, dead_letter_of
from sinks.hl7.steps import REPORT_STATUS

PROTOCOL = "HL7v2"


def delivered(event: Event, destination: str, attempts: int, now: datetime) -> ReportDelivered | None:
    """The report is there; None where `event` is no report. Its id is that of report and destination."""
    if type(event) not in REPORT_STATUS:
        return None
    return ReportDelivered(
        envelope=_envelope(event, ReportDelivered, destination, now),
        accession_number=getattr(event, "accession_number", None),
        report_sha256=getattr(event, "report_sha256", None),
        destination=destination,
        attempt_count=attempts,
    )


def failed(
    event: Event, destination: str, attempts: int, reason: str, now: datetime
) -> ReportDeliveryFailed | None:
    """The report was given up; None where `event` is no report."""
    if type(event) not in REPORT_STATUS:
        return None
    return ReportDeliveryFailed(
        envelope=_envelope(event, ReportDeliveryFailed, destination, now),
        accession_number=getattr(event, "accession_number", None),
        report_sha256=getattr(event, "report_sha256", None),
        destination=destination,
        attempt_count=attempts,
        reason=reason,
    )


def undeliverable(
    ring: KeyRing,
    event: Event,
    value: bytes,
    place: KafkaPlace,
    *,
    destination: str,
    reason: str,
    detail: str,
    now: datetime,
) -> DeadLetter:
    """The dead letter of a delivery. It keeps the event and not the message: who is erased stays erased."""
    return dead_letter_of(
        ring,
        identity=("dead-letter", HL7_OUT, destination, event.envelope.event_id),
        origin=HL7_OUT,
        reason=reason,
        detail=detail,
        source=event.envelope.source,
        source_message_id=event.envelope.event_id,
        content_type=CONTENT_TYPE,
        payload=value,
        recorded_at=now,
        place=place,
        destination=destination,
    )


def _envelope(
    event: Event, step: type[ReportDelivered | ReportDeliveryFailed], destination: str, now: datetime
) -> Envelope:
    of = event.envelope
    return Envelope(
        event_id=event_id(HL7_OUT, destination, of.event_id, step.AVRO_NAME),
        exam_id=of.exam_id,
        occurred_at=now,
        recorded_at=now,
        source=Source(system="radstream", facility=of.site, protocol=PROTOCOL),
        source_message_id=of.event_id,
        site=of.site,
        swim_code=step.SWIM_CODE,
        patient_key=of.patient_key,
    )
