"""What all events of one message share: who said it, when, and under which ids; and about which patient."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo

from producers.hl7.message import Message, Segment
from producers.hl7.order_groups import patient_groups
from producers.hl7.profile import Profile, Profiles
from producers.hl7.profile_file import default_profiles
from producers.hl7.rejections import MissingPatient
from producers.hl7.scope import Scope, by_name
from producers.hl7.trace import Trace
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
    zone: where the clock of a time without offset stands, unless the profile says otherwise.
    profiles: where each sender puts what.
    """

    site: str
    site_secret: bytes
    zone: tzinfo = UTC
    profiles: Profiles = field(default_factory=default_profiles)


@dataclass(frozen=True, slots=True)
class Patient:
    """key: the pseudonym. phi: who it is."""

    key: str
    phi: Phi


@dataclass(frozen=True, slots=True)
class Context:
    """One message on its way to events. `identity`: source system, facility, MSH-10 and content digest."""

    message: Message
    config: MappingConfig
    profile: Profile
    ring: KeyRing
    recorded_at: datetime
    source: Source
    identity: tuple[str, str, str, str]
    trace: Trace

    @classmethod
    def of(
        cls, message: Message, config: MappingConfig, ring: KeyRing, recorded_at: datetime, trace: Trace
    ) -> Context:
        """The context of `message`, learned of at `recorded_at` (UTC)."""
        identity = identity_of(message)
        system, facility, _, _ = identity
        profile = config.profiles.of(system, facility)
        source = Source(system=system, facility=facility, protocol=PROTOCOL)
        return cls(message, config, profile, ring, recorded_at, source, identity, trace)

    def scope(self, segments: Iterable[Segment], position: int = 0) -> Scope:
        """What `segments` say."""
        return _scope(segments, self.profile, self.config, self.trace, position)

    def envelope(
        self,
        step: type[Event],
        exam_id: str,
        occurred_at: datetime | None,
        patient: Patient,
        *,
        position: int = 0,
        text: str | None = None,
    ) -> Envelope:
        """The envelope of `step`; `position` is the order's place in the message; `text` is sealed.

        Without `occurred_at`: when we learned of it.
        """
        this_id = event_id("hl7", *self.identity, step.AVRO_NAME, exam_id, str(position))
        phi = patient.phi if text is None else replace(patient.phi, text=text)
        return Envelope(
            event_id=this_id,
            exam_id=exam_id,
            occurred_at=occurred_at or self.recorded_at,
            recorded_at=self.recorded_at,
            source=self.source,
            source_message_id=self.identity[2],
            site=self.config.site,
            swim_code=step.SWIM_CODE,
            patient_key=patient.key,
            phi=seal(self.ring, patient.key, this_id, phi),
        )


def source_of(message: Message) -> Source:
    """MSH-3 and MSH-4."""
    header = message.header
    return Source(system=header.value(3), facility=header.value(4), protocol=PROTOCOL)


def identity_of(message: Message) -> tuple[str, str, str, str]:
    """What makes it this message: MSH-3, MSH-4, MSH-10, and SHA-256 of its content.

    The same first three with another content is a sender that uses a control id twice.
    """
    header = message.header
    return header.value(3), header.value(4), header.value(10), message.content_sha256


def profile_of(message: Message, config: MappingConfig) -> Profile:
    """The profile of the message's sender."""
    return config.profiles.of(message.header.value(3), message.header.value(4))


def patient_of(message: Message, config: MappingConfig) -> Patient:
    """The first patient of the message. Raises MissingPatient."""
    first = patient_groups(message)[0]
    return patient_in(_scope(first, profile_of(message, config), config, Trace(), 0), config)


def patient_in(scope: Scope, config: MappingConfig, field: str = "patient_id") -> Patient:
    """The patient whose number stands in `field`. Raises MissingPatient.

    The issuer is component 4 of the same field (CX), or else the site.
    """
    hit = scope.hit(field)
    if hit is None:
        place = scope.profile.paths[field][0] if scope.profile.paths[field] else None
        where = f"{place.segment}-{place.field}.1" if place else field
        raise MissingPatient(f"no identifier of the patient in {where}", where)
    issuer = hit.segment.value_of(hit.repetition, 4)
    key = patient_key(config.site_secret, issuer or config.site, hit.value)
    pid = next(iter(scope.segments.get("PID", ())), None)
    if field != "patient_id" or pid is None:
        return Patient(key, Phi(patient_id=hit.value, issuer_of_patient_id=issuer or None))
    phi = Phi(
        patient_name=_person_name(pid),
        patient_id=hit.value,
        issuer_of_patient_id=issuer or None,
        birth_date=pid.value(7)[:8] or None,
        sex=pid.value(8) or None,
    )
    return Patient(key, phi)


def _scope(
    segments: Iterable[Segment], profile: Profile, config: MappingConfig, trace: Trace, position: int
) -> Scope:
    return Scope(by_name(segments), profile, trace, profile.zone or config.zone, position)


def _person_name(pid: Segment) -> str | None:
    """XPN as DICOM's PN: the prefix (XPN.5) stands before the suffix (XPN.4)."""
    raw = pid.raw(5)
    if not raw:
        return None
    first = raw.partition(pid.delimiters.repetition)[0]
    parts = [pid.value_of(first, component).replace("^", " ") for component in (1, 2, 3, 5, 4)]
    return "^".join(parts).rstrip("^") or None
