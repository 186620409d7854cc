"""Who must act next on an exam, and since when they can. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from processors.milestones import Milestones
from processors.remarks import Remarks
from processors.standing import Standing

_OF_STAGE: Mapping[str, str] = {
    "unmatched": "image_manager",
    "ordered": "scheduler",
    "scheduled": "patient",
    "arrived": "technologist",
    "in_progress": "technologist",
    "acquired": "technologist",
    "stored": "radiologist",
    "dictated": "radiologist",
    "preliminary": "radiologist",
}
_BEFORE_IMAGES = frozenset({"ordered", "scheduled", "arrived"})


class NextActor(NamedTuple):
    """scheduler, patient, technologist, radiologist, referrer or image_manager; None where nobody has to."""

    who: str | None
    since_us: int | None


NOBODY = NextActor(None, None)


def next_actor(
    stage: str, since_us: int | None, stands: Standing, reached: Milestones, noted: Remarks
) -> NextActor:
    """Of an exam in `stage` since `since_us`."""
    if stands.reconciliation.into is not None:
        return NOBODY
    if stage in ("final", "cancelled"):
        return _after_the_report(stage, reached)
    if stands.subject.mismatch or stands.subject.is_accession_reused:
        return NextActor("image_manager", since_us)  # nobody may read it as this patient's before
    if stage in _BEFORE_IMAGES and noted.held_us is not None:
        return NextActor("referrer", noted.held_us)
    missed_us = _last_us(stands, "PatientMissedAppointment")
    if stage == "scheduled" and missed_us is not None and missed_us > reached["scheduled"].last_us:
        return NextActor("scheduler", missed_us)
    withdrawn_us = _last_us(stands, "ReportCancelled") if _OF_STAGE[stage] == "radiologist" else None
    times = [instant for instant in (since_us, withdrawn_us) if instant is not None]
    return NextActor(_OF_STAGE[stage], max(times, default=None))


def _after_the_report(stage: str, reached: Milestones) -> NextActor:
    told, answered = reached.get("critical_notified"), reached.get("critical_acknowledged")
    if stage == "final" and told is not None and (answered is None or answered.last_us < told.last_us):
        return NextActor("referrer", told.last_us)
    tried = reached.get("critical_attempted")
    if stage == "final" and tried is not None and told is None:
        return NextActor("radiologist", tried.last_us)
    return NOBODY


def _last_us(stands: Standing, step: str) -> int | None:
    said = stands.own.of(step)
    return said[-1].occurred_us if said else None
