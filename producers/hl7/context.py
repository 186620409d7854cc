"""What all events of one message share: who said it, about whom, when, and under which ids."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo

from producers.hl7.message import Message, Segment, value_at
from producers.hl7.rejections import MissingPatient
from producers.timestamps import InvalidTimestamp, parse_timestamp
from schemas.events import Event
from schemas.identity import event_id, patient_key
from schemas.parts import Envelope, Phi, Source
from schemas.phi import KeyRing, seal

PROTOCOL = "HL7v2"


@dataclass(frozen=True, slots=True)
class MappingConfig:
    """Facts of the site.

    site: in every event, and the issuer of ids whose issuer the message does not name.
    site_secret: makes pseudonyms of patients and staff.
    zone: where the clock of a time without offset stands.
    """

    site: str
    site_secret: bytes
    zone: tzinfo = UTC


@dataclass(frozen=True, slots=True)
class Patient:
    """key: the pseudonym. phi: who it is."""

    key: str
    phi: Phi


@dataclass(frozen=True, slots=True)
class Context:
    """One message on its way to events."""

    message: Message
    config: MappingConfig
    ring: KeyRing
    recorded_at: datetime
    patient: Patient

    def envelope(
        self,
        step: type[Event],
        exam_id: str,
        occurred_at: datetime | None,
        *,
        position: int = 0,
        text: str | None = None,
    ) -> Envelope:
        """The envelope of `step`; `position` is the order group's place in the message.

        Without `occurred_at`: when the message was written (MSH-7), or else when we learned of it.
        """
        source = source_of(self.message)
        control_id = self.message.get("MSH-10")
        identity = (source.system, source.facility, control_id, self.message.content_sha256)
        this_id = event_id("hl7", *identity, step.AVRO_NAME, exam_id, str(position))
        phi = replace(self.patient.phi, text=text)
        return Envelope(
            event_id=this_id,
            exam_id=exam_id,
            occurred_at=occurred_at or self.first_time(self.message.segments, "MSH-7") or self.recorded_at,
            recorded_at=self.recorded_at,
            source=source,
            source_message_id=control_id,
            site=self.config.site,
            swim_code=step.SWIM_CODE,
            patient_key=self.patient.key,
            phi=seal(self.ring, self.patient.key, this_id, phi),
        )

    def first_time(self, segments: Sequence[Segment], *references: str) -> datetime | None:
        """The first of `references` that holds a valid time: humans type them, and wrongly."""
        for reference in references:
            text = value_at(segments, reference)
            if text:
                try:
                    return parse_timestamp(text, self.config.zone)
                except InvalidTimestamp:
                    continue
        return None


def source_of(message: Message) -> Source:
    """MSH-3 and MSH-4."""
    return Source(system=message.get("MSH-3"), facility=message.get("MSH-4"), protocol=PROTOCOL)


def patient_of(message: Message, config: MappingConfig) -> Patient:
    """The patient of PID. Raises MissingPatient.

    Of several identifiers in PID-3, the medical record number (type MR, table 0203), else the first.
    """
    pid = next(message.all("PID"), None)
    if pid is None:
        raise MissingPatient("no PID segment", "PID")
    identifiers = [cx for cx in pid.repetitions(3) if pid.value_of(cx)]
    if not identifiers:
        raise MissingPatient("PID-3 holds no identifier", "PID-3.1")
    chosen = next((cx for cx in identifiers if pid.value_of(cx, 5) == "MR"), identifiers[0])
    number = pid.value_of(chosen)
    issuer = pid.value_of(chosen, 4)
    phi = Phi(
        patient_name=_person_name(pid),
        patient_id=number,
        issuer_of_patient_id=issuer or None,
        birth_date=pid.value(7)[:8] or None,
        sex=pid.value(8) or None,
    )
    return Patient(patient_key(config.site_secret, issuer or config.site, number), phi)


def _person_name(pid: Segment) -> str | None:
    """XPN as DICOM's PN: the prefix (XPN.5) stands before the suffix (XPN.4)."""
    parts = [pid.value(5, component).replace("^", " ") for component in (1, 2, 3, 5, 4)]
    return "^".join(parts).rstrip("^") or None
