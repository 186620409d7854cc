"""What was counted of a department, hour by hour: what a forecast of its volume knows. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dashboards.volume.hours import Floats, Hours

STEPS = ("ordered", "arrived", "begun", "complete", "reported")
"""What is counted: orders, arrivals, exams begun, images complete, final reports."""
QUEUES = ("scanner", "reading", "signature")
"""What exams wait for."""
ALL = "all"
LEADS = 8
"""So many hours ahead it is looked at who is expected: what lies beyond, they do not tell (docs/adr)."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Exams by hour. The last hours of `hours` are those to come; `now` is the place of the first of these.

    modalities: Sorted; the first is ALL, which has the sum of the others.
    steps: (step, modality, hour): how many reached the step in the hour. Of hours to come nothing is read.
    waiting: (queue, modality, hour): how many waited as the hour began, the first to come included.
    left: (queue, modality, hour): how many left it in the hour: it was their turn, or they gave up.
    servers: (queue, modality, hour): scanners at which an exam was begun, people who read or signed one; of
        scanners by modality, of people of all only.
    known: (lead, modality, hour): of those who were expected `lead` hours after the beginning of the hour,
        how many had been ordered and had not come yet when it began.
    waiting_now: (queue, modality): how many wait at the instant itself, which lies in the first hour to come.
    appointed: (modality, hour to come): who is expected then, has been ordered, and has not come yet.
    """

    hours: Hours
    now: int
    modalities: Sequence[str]
    steps: Floats
    waiting: Floats
    left: Floats
    servers: Floats
    known: Floats
    appointed: Floats
    waiting_now: Floats

    def until(self, place: int) -> Counts:
        """What was counted when the hour at `place` began, which is in the past."""
        to_come = self.hours.count - self.now
        return Counts(
            hours=Hours(self.hours.first, place + to_come, self.hours.zone),
            now=place,
            modalities=self.modalities,
            steps=self.steps[..., :place],
            waiting=self.waiting[..., : place + 1],
            left=self.left[..., :place],
            servers=self.servers[..., :place],
            known=self.known[..., : place + 1],
            appointed=self.appointed,
            waiting_now=self.waiting[..., place],
        )
