"""What stands of an exam's facts, sorted once for all views. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from processors import patients, reconciliation
from processors.cancellation import TakenBack, taken_back
from processors.clock_bounds import DEFAULT_BOUNDS, ClockBounds
from processors.exam_state import ExamState
from processors.facts import KNOWN_STEPS, Fact
from processors.images import Images, images_of
from processors.own_facts import Own
from processors.reconciliation import Reconciliation
from processors.subject import Subject, subject_of

_OWN_STEPS = KNOWN_STEPS - reconciliation.STEPS - patients.STEPS
_NOTHING = Reconciliation()


@dataclass(slots=True)
class Standing:
    """The facts that nobody took back, and what follows from them before any milestone does.

    own: the exam's own facts. reconciliation: what became of identities.
    taken_back: what the exam's own facts take back of each other.
    images: what is in the archive. subject: whose exam it is.
    retracted: event_ids that other events take back.
    misdated: those of the exam's own whose time cannot be right; `own` has them as of their recording.
    """

    exam_id: str
    own: Own
    reconciliation: Reconciliation
    taken_back: TakenBack
    images: Images
    subject: Subject
    retracted: frozenset[str]
    misdated: list[Fact]


def standing(state: ExamState, bounds: ClockBounds = DEFAULT_BOUNDS) -> Standing:
    """What stands of `state`."""
    facts = state.facts.values()
    retracted = frozenset(fact.corrects for fact in facts if fact.corrects is not None)
    valid = [fact for fact in facts if fact.event_id not in retracted] if retracted else facts
    mine = [fact for fact in valid if fact.step in _OWN_STEPS]
    aside = [fact for fact in valid if fact.step not in _OWN_STEPS] if len(mine) < len(valid) else []
    own, found = Own(bounds.believed(mine)), _reconciliation(state.exam_id, aside)
    of_patients = [fact for fact in aside if fact.step in patients.STEPS]
    subject = subject_of(own, found.images, of_patients)
    images = images_of(own, found.images)
    misdated = bounds.misdated(mine)
    return Standing(state.exam_id, own, found, taken_back(own), images, subject, retracted, misdated)


def _reconciliation(exam_id: str, aside: list[Fact]) -> Reconciliation:
    said = [fact for fact in aside if fact.step in reconciliation.STEPS]
    return reconciliation.reconciliation(exam_id, said) if said else _NOTHING
