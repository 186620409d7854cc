"""ExamState: what is known of one exam, as a join-semilattice.

The state is the set of facts that its events stated, keyed by event_id. Joining is set union, so any
order and any number of deliveries give the same state; a correction is one more fact, which hides the
one that it names. Every view is a pure function of this set.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from schemas.events import (
    EVENT_CLASSES,
    Event,
    ExamReconciled,
    ExamUnreconciled,
    MismatchDetected,
    PatientMerged,
    PatientUnmerged,
)
from schemas.parts import SealedPhi

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

Value = str | int

# What the views take from events, besides when they occurred. Times are microseconds since the epoch.
ATTRIBUTES = (
    "accession_number",
    "study_instance_uid",
    "modality",
    "procedure_code",
    "procedure_name",
    "priority",
    "patient_class",
    "location",
    "scheduled_at",
    "station_ae_title",
    "series_count",
    "instance_count",
)
# What only identity is decided by; a text of 64 digits each, so only of those few events.
_PAIR = ("from_exam_id", "into_exam_id")
_PATIENTS = ("merged_patient_key", "surviving_patient_key")
_IDENTITY: Mapping[type[Event], tuple[str, ...]] = {
    ExamReconciled: (*_PAIR, "first_image_at", "stored_at", "images_patient_key"),
    ExamUnreconciled: _PAIR,
    PatientMerged: _PATIENTS,
    PatientUnmerged: _PATIENTS,
    MismatchDetected: ("attribute", "expected_patient_key", "found_patient_key"),
}
_CARRIED: Mapping[type[Event], tuple[str, ...]] = {
    cls: tuple(name for name in ATTRIBUTES if name in cls.__slots__) + _IDENTITY.get(cls, ())
    for cls in EVENT_CLASSES
}


def to_us(instant: datetime) -> int:
    """Microseconds since the epoch."""
    return (instant - EPOCH) // _MICROSECOND


def from_us(microseconds: int) -> datetime:
    """The instant, UTC."""
    return EPOCH + timedelta(microseconds=microseconds)


@dataclass(frozen=True, slots=True)
class Fact:
    """What one event states. Times in microseconds since the epoch, UTC."""

    step: str
    occurred_us: int
    recorded_us: int
    site: str
    patient_key: str | None
    corrects: str | None
    attributes: Mapping[str, Value]

    def order(self) -> tuple[object, ...]:
        """A total order, so that two deliveries of one event join to the same fact."""
        return (
            self.recorded_us,
            self.occurred_us,
            self.step,
            self.site,
            self.patient_key or "",
            self.corrects or "",
            sorted((name, str(value)) for name, value in self.attributes.items()),
        )


@dataclass(frozen=True, slots=True)
class KnownPhi:
    """The ciphertext that names the patient, and the event that it is bound to."""

    has_text: bool
    occurred_us: int
    event_id: str
    sealed: SealedPhi

    @property
    def patient_key(self) -> str:
        """The patient whom it names: key ids begin with it."""
        return self.sealed.key_id.partition("/")[0]

    def order(self) -> tuple[object, ...]:
        """The greatest wins: identity without a report's text first, then the latest said."""
        return (not self.has_text, self.occurred_us, self.event_id, self.sealed.nonce, self.sealed.ciphertext)


@dataclass(slots=True)
class ExamState:
    """The facts of one exam. Changed only by `add` and `join`, which only ever add."""

    exam_id: str
    facts: dict[str, Fact] = field(default_factory=dict)
    # By patient: an accession number may wrongly have been given to two.
    phi: dict[str, KnownPhi] = field(default_factory=dict)

    def add(self, event: Event) -> None:
        """Join what `event` states."""
        envelope = event.envelope
        self._join_fact(envelope.event_id, fact_of(event))
        if envelope.phi is not None:
            has_text = getattr(event, "report_sha256", None) is not None
            occurred_us = to_us(envelope.occurred_at)
            self._join_phi(KnownPhi(has_text, occurred_us, envelope.event_id, envelope.phi))

    def join(self, other: ExamState) -> None:
        """Join another state of the same exam."""
        for event_id, fact in other.facts.items():
            self._join_fact(event_id, fact)
        for phi in other.phi.values():
            self._join_phi(phi)

    def valid(self) -> Iterator[tuple[str, Fact]]:
        """Event id and fact of all that was not retracted."""
        retracted = {fact.corrects for fact in self.facts.values() if fact.corrects is not None}
        return ((event_id, fact) for event_id, fact in self.facts.items() if event_id not in retracted)

    def _join_fact(self, event_id: str, fact: Fact) -> None:
        known = self.facts.get(event_id)
        if known is None or (fact != known and fact.order() < known.order()):
            self.facts[event_id] = fact

    def _join_phi(self, phi: KnownPhi) -> None:
        known = self.phi.get(phi.patient_key)
        if known is None or phi.order() > known.order():
            self.phi[phi.patient_key] = phi


def fact_of(event: Event) -> Fact:
    """What `event` states."""
    envelope = event.envelope
    attributes: dict[str, Value] = {}
    for name in _CARRIED[type(event)]:
        value = getattr(event, name)
        if value is not None:
            attributes[name] = to_us(value) if isinstance(value, datetime) else value
    return Fact(
        step=type(event).__name__,
        occurred_us=to_us(envelope.occurred_at),
        recorded_us=to_us(envelope.recorded_at),
        site=envelope.site,
        patient_key=envelope.patient_key,
        corrects=envelope.corrects,
        attributes=attributes,
    )
