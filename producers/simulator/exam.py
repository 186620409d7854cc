"""One simulated exam: who, what, and when each step happens. A value; nothing here sends anything."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from producers.simulator.modality import Procedure
from producers.simulator.people import Patient, StaffMember


class Step(StrEnum):
    """What happens to an exam, in the order in which it does."""

    REGISTERED = "registered"
    ORDERED = "ordered"
    SCHEDULED = "scheduled"
    ARRIVED = "arrived"
    STARTED = "started"
    COMPLETED = "completed"
    IMAGES_SENT = "images_sent"
    DICTATED = "dictated"
    PRELIMINARY = "preliminary"
    FINAL = "final"
    CORRECTED = "corrected"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class SimulatedExam:
    """One exam from its order to its last report.

    `timeline` has the steps that this exam goes through, in order, each later than the one before, in
    whole seconds, with an offset from UTC. `priority` is HL7's letter S, A or R. `scheduled_with_order`:
    the order itself names the start time, and no separate scheduling message follows.
    """

    index: int
    site: str
    patient: Patient
    accession_number: str
    placer_order_number: str
    visit_number: str
    study_uid: str
    series_uid: str
    instance_uids: tuple[str, ...]
    frame_of_reference_uid: str
    control_ids: tuple[str, ...]
    modality: str
    procedure: Procedure
    priority: str
    patient_class: str
    location: str
    scanner: str
    reader: StaffMember
    technologist: StaffMember
    referrer: StaffMember
    scheduled_for: datetime
    scheduled_with_order: bool
    timeline: tuple[tuple[Step, datetime], ...]

    def at(self, step: Step) -> datetime | None:
        """When `step` happens; None where this exam never comes to it."""
        return next((at for reached, at in self.timeline if reached is step), None)

    def control_id(self, step: Step) -> str:
        """MSH-10 of the message that tells of `step`. Raises KeyError where it is not on the timeline."""
        for (reached, _), control_id in zip(self.timeline, self.control_ids, strict=True):
            if reached is step:
                return control_id
        raise KeyError(step)

    @property
    def begins_at(self) -> datetime:
        """The first step's instant."""
        return self.timeline[0][1]

    @property
    def ends_at(self) -> datetime:
        """The last step's instant."""
        return self.timeline[-1][1]
