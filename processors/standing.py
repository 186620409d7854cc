"""What stands of an exam's facts, sorted once for all views. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from processors import patients, reconciliation
from processors.cancellation import TakenBack, taken_back
from processors.clock_bounds import DEFAULT_BOUNDS, ClockBounds
from processors.exam_state import ExamState
from processors.facts import KNOWN_STEPS, Fact
from processors.images import Images, images_of
from processors.patients import Persons, Said, merges_said
from processors.reconciliation import Reconciliation

_NOTHING = Reconciliation()


@dataclass(frozen=True)
class Standing:
    """The facts that nobody took back: the exam's own, and what became of identities.

    misdated: those of the exam's own whose time cannot be right; `own` has them as of their recording.
    """

    exam_id: str
    own: list[Said]
    reconciliation: Reconciliation
    patient_facts: list[Said]
    misdated: list[Fact]

    @cached_property
    def taken_back(self) -> TakenBack:
        """What the exam's own facts take back of each other."""
        return taken_back(self.own)

    @cached_property
    def images(self) -> Images:
        """What is in the archive."""
        return images_of(self.own, self.reconciliation.images)

    @cached_property
    def persons(self) -> Persons:
        """Which patients are one person."""
        return Persons(merges_said(self.patient_facts))

    @cached_property
    def order_patient_key(self) -> str | None:
        """The order's patient, as it was said."""
        return patients.order_key(self.own)

    @cached_property
    def image_patient_keys(self) -> dict[str, tuple[int, str]]:
        """The images' patients, as they were said, and when they last were."""
        return patients.image_keys(self.own, self.reconciliation.images)

    @property
    def patient_key(self) -> str | None:
        """The patient of the row: the order's, else the images'; of a merged one the record that stays."""
        images = self.image_patient_keys
        key = self.order_patient_key or max(images, key=lambda key: (images[key], key), default=None)
        return None if key is None else self.persons.survivor(key)

    @property
    def accession_reused(self) -> bool:
        """Orders, visits and reports name two persons."""
        return len(self.persons.of(patients.named_keys(self.own))) > 1

    @property
    def patient_mismatch(self) -> bool:
        """The images name another person than the order."""
        if patients.contradicted(self.own, self.persons):
            return True
        order = self.order_patient_key
        return order is not None and not self.persons.of(self.image_patient_keys) <= self.persons.of([order])

    @property
    def patient_erased_us(self) -> int | None:
        """When the keys of one of the exam's patients were destroyed."""
        if not self.patient_facts:
            return None
        # Only of what came under this exam_id: how the patient of others is called depends on the day.
        keys = patients.named_keys(self.own) | patients.image_keys(self.own, {}).keys()
        return patients.erased_us(self.patient_facts, keys)


def standing(state: ExamState, bounds: ClockBounds = DEFAULT_BOUNDS) -> Standing:
    """What stands of `state`."""
    own: list[Said] = []
    misdated: list[Fact] = []
    reconciled: list[Said] = []
    patient_facts: list[Said] = []
    for said in state.valid():
        step = said[1].step
        if step in reconciliation.STEPS:
            reconciled.append(said)
        elif step in patients.STEPS:
            patient_facts.append(said)
        elif step in KNOWN_STEPS:
            if bounds.fault(said[1]) is not None:
                misdated.append(said[1])
                said = said[0], bounds.believed(said[1])  # noqa: PLW2901 - nobody asks for the other one
            own.append(said)
    found = reconciliation.reconciliation(state.exam_id, reconciled) if reconciled else _NOTHING
    return Standing(state.exam_id, own, found, patient_facts, misdated)
