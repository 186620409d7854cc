"""ExamState: what is known of one exam, as a join-semilattice.

The state is the set of facts that its events stated, keyed by event_id. Joining is set union, so any
order and any number of deliveries give the same state; a correction is one more fact, which hides the
one that it names. Every view is a pure function of this set.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import NamedTuple

from processors.facts import Fact, envelope_fact
from processors.stating import fact_of
from schemas.events import Event
from schemas.parts import Envelope, SealedPhi


class Rebuild(IntEnum):
    """Why a state has to be built again from the log; of two reasons the greater stays."""

    NOT_NEEDED = 0
    # An older version of the fold wrote it, and did not ask for all that this one does.
    OLDER_FORMAT = 1
    # What was known before could not be read: what is here came after.
    UNREADABLE = 2


class KnownPhi(NamedTuple):
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
        sealed = self.sealed
        # A total order: one event id may have been said with two patients, and dicts keep no order of theirs.
        said = (sealed.key_id, sealed.nonce, sealed.ciphertext)
        return (not self.has_text, self.occurred_us, self.event_id, *said)


@dataclass(slots=True)
class ExamState:
    """The facts of one exam. Changed only by `add`, `keep` and `join`, which only ever add."""

    exam_id: str
    facts: dict[str, Fact] = field(default_factory=dict)
    # By patient: an accession number may wrongly have been given to two.
    phi: dict[str, KnownPhi] = field(default_factory=dict)
    rebuild: Rebuild = Rebuild.NOT_NEEDED

    def add(self, event: Event) -> None:
        """Join what `event` states. Raises ValueError where its ids are no UUIDs."""
        fact, envelope = fact_of(event), event.envelope
        self._join_fact(fact)
        # The ciphertext is bound to the id as it was written.
        if envelope.phi is not None and fact.event_id == envelope.event_id:
            has_text = getattr(event, "report_sha256", None) is not None
            self._join_phi(KnownPhi(has_text, fact.occurred_us, fact.event_id, envelope.phi))

    def add_fact(self, fact: Fact) -> None:
        """Join what an event states, where nobody will ask who the patient is."""
        self._join_fact(fact)

    def keep(self, step: str, envelope: Envelope) -> None:
        """Join an event of a later version: that it was said, when, and what it takes back.

        No view shows it. When it is read again by a version that knows it, it is told whole.
        """
        self._join_fact(envelope_fact(step, envelope, {}))

    def join(self, other: ExamState) -> None:
        """Join another state of the same exam."""
        for fact in other.facts.values():
            self._join_fact(fact)
        for phi in other.phi.values():
            self._join_phi(phi)
        self.rebuild = max(self.rebuild, other.rebuild)

    def _join_fact(self, fact: Fact) -> None:
        known = self.facts.setdefault(fact.event_id, fact)
        if known is not fact and fact != known and fact.order() < known.order():
            self.facts[fact.event_id] = fact

    def _join_phi(self, phi: KnownPhi) -> None:
        key = phi.patient_key
        known = self.phi.get(key)
        if known is None or (
            phi.occurred_us > known.occurred_us  # what decides nearly always, and costs least
            if phi.has_text == known.has_text and phi.occurred_us != known.occurred_us
            else phi.order() > known.order()
        ):
            self.phi[key] = phi
