"""The whole department from first registration to last report, before any of it is sent. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from itertools import islice

from producers.simulator.department import DepartmentConfig
from producers.simulator.drafting import drafts
from producers.simulator.draws import digest_of
from producers.simulator.exam import SimulatedExam, Step
from producers.simulator.hours import Hours
from producers.simulator.identities import PlanIdentity
from producers.simulator.people import patient, staff_member
from producers.simulator.queues import Queues, Served

_REFERRERS = 40
_TECHNOLOGISTS = 9
# A run of many exams is a larger department's half day, not a small one's week.
_LONGEST_SPAN_H = 12.0


@dataclass(frozen=True, slots=True)
class DepartmentPlan:
    """A department's exams: the same config, identity and start give the same exams, for ever.

    `started_at` is in the department's own zone: its hours are busy or quiet by that zone's clock.
    """

    config: DepartmentConfig
    identity: PlanIdentity
    started_at: datetime

    def exams(self) -> Iterator[SimulatedExam]:
        """Every exam, in the order of registration; never ends."""
        config, identity = self.config, self.identity
        # Each has hours of its own, which never go back.
        to_come = drafts(config, identity, Hours(config, self.started_at))
        for served in Queues(config, identity, Hours(config, self.started_at), to_come).served():
            yield _exam(identity, self.started_at, served)


def plan_digest(config: DepartmentConfig, seed: int, site: str, exams: int | None) -> str:
    """What makes a run the same run: a ledger that was begun under another plan is not gone on with."""
    return digest_of(config, seed, site, exams).hex()[:16]


def bounded_department(config: DepartmentConfig, exams: int) -> DepartmentConfig:
    """The department whose first `exams` exams all reach a report, registered within half a day."""
    hours = min(_LONGEST_SPAN_H, exams / config.orders_per_hour)
    return config.without_faults().at_all_hours().grown(exams / hours / config.orders_per_hour)


def start_for_end(
    config: DepartmentConfig, identity: PlanIdentity, exams: int, ends_before: datetime
) -> datetime:
    """When to start, so that the last report of the first `exams` exams comes before `ends_before`.

    For a department that is equally busy at all hours: its course does not depend on the hour it starts.
    """
    trial = DepartmentPlan(config, identity, ends_before.astimezone(UTC))
    last = max(exam.ends_at for exam in islice(trial.exams(), exams))
    started_at = ends_before.astimezone(UTC) - (last - ends_before) - timedelta(minutes=1)
    return started_at.replace(microsecond=0).astimezone(ends_before.tzinfo)


def _exam(identity: PlanIdentity, started_at: datetime, served: Served) -> SimulatedExam:
    draft = served.draft
    draws = identity.draws("staff", draft.index)
    seed, site = identity.seed, identity.site
    timeline = tuple((step, _instant(started_at, offset_s)) for step, offset_s in _course(served))
    return SimulatedExam(
        index=draft.index,
        site=site,
        patient=patient(seed, site, draft.patient_number),
        accession_number=identity.accession_number(draft.index),
        placer_order_number=identity.placer_order_number(draft.index),
        visit_number=identity.visit_number(draft.index),
        study_uid=identity.uid(draft.index, "study"),
        series_uid=identity.uid(draft.index, "series"),
        instance_uids=tuple(identity.uid(draft.index, "instance", n) for n in range(draft.images)),
        frame_of_reference_uid=identity.uid(draft.index, "frame"),
        control_ids=tuple(identity.control_id(draft.index, position) for position in range(len(timeline))),
        modality=draft.modality.code,
        procedure=draft.procedure,
        priority=draft.priority,
        patient_class=draft.patient_class.code,
        location=draft.location,
        scanner=f"{draft.modality.code}{served.scanner or 1}",
        reader=staff_member(seed, site, "R", served.reader or 1),
        technologist=staff_member(seed, site, "T", 1 + draws.below(_TECHNOLOGISTS)),
        referrer=staff_member(seed, site, "D", 1 + draws.below(_REFERRERS)),
        scheduled_for=_instant(started_at, draft.scheduled_for_s),
        scheduled_with_order=draft.scheduled_s is None,
        timeline=timeline,
    )


def _instant(started_at: datetime, offset_s: int) -> datetime:
    """`offset_s` seconds after the start, to the second, with the offset that the zone has then.

    A fixed offset, because two times of one zone compare by what its clock shows, which goes back in autumn.
    """
    at = (started_at.astimezone(UTC) + timedelta(seconds=offset_s)).replace(microsecond=0)
    return at.astimezone(timezone(at.astimezone(started_at.tzinfo).utcoffset() or timedelta()))


def _course(served: Served) -> Iterator[tuple[Step, int]]:
    for step, at_s in _whole_course(served):
        if step not in served.draft.missing:
            yield step, at_s


def _whole_course(served: Served) -> Iterator[tuple[Step, int]]:
    draft = served.draft
    yield Step.REGISTERED, draft.registered_s
    yield Step.ORDERED, draft.ordered_s
    if draft.scheduled_s is not None:
        yield Step.SCHEDULED, draft.scheduled_s
    if draft.cancelled_s is not None or served.started_s is None or served.dictated_s is None:
        yield Step.CANCELLED, draft.cancelled_s or draft.arrived_s
        return
    completed_s = served.started_s + draft.acquisition_s
    yield Step.ARRIVED, draft.arrived_s
    yield Step.STARTED, served.started_s
    yield Step.COMPLETED, completed_s
    yield Step.IMAGES_SENT, completed_s + draft.transfer_s
    yield from _reports(served, served.dictated_s)


def _reports(served: Served, dictated_s: int) -> Iterator[tuple[Step, int]]:
    draft = served.draft
    yield Step.DICTATED, dictated_s
    signed_s = dictated_s + draft.signature_s
    if draft.verification_s is not None:
        yield Step.PRELIMINARY, dictated_s + draft.verification_s
        signed_s += draft.verification_s
    yield Step.FINAL, signed_s
    if draft.correction_s is not None:
        yield Step.CORRECTED, signed_s + draft.correction_s
