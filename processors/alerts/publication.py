"""A new version of the targets, as an event. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from processors.alerts.targets import Version, content_hash
from processors.facts import to_us
from schemas.events import TargetsPublished
from schemas.identity import event_id, subject_of_targets
from schemas.parts import Envelope, Source, Target

ORIGIN = "alerts"
PROTOCOL = "radstream"


def published(
    targets: Sequence[Target], latest: Version | None, site: str, at: datetime
) -> TargetsPublished | None:
    """The event that brings `targets` into force after `latest`; None where they are in force already.

    at: the department's present, UTC. What was to come into force after it was said by another clock (the
    wall's, before a department was simulated that is days behind), and is said again.
    Said twice it is one event: its id is that of what it says and what it follows.
    """
    digest = content_hash(targets)
    follows = None if latest is None else latest.event_id
    if latest is not None and latest.targets_sha256 == digest and latest.in_force_us <= to_us(at):
        return None
    return TargetsPublished(
        envelope=Envelope(
            event_id=event_id(ORIGIN, "TargetsPublished", site, digest, follows or ""),
            exam_id=subject_of_targets(site),
            occurred_at=at,
            recorded_at=at,
            source=Source(system=ORIGIN, facility=site, protocol=PROTOCOL),
            source_message_id=digest,
            site=site,
            swim_code=TargetsPublished.SWIM_CODE,
        ),
        targets_sha256=digest,
        targets=tuple(targets),
        follows=follows,
    )
