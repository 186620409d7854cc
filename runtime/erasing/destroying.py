"""What was confirmed, done: the keys go, durably, then the log is told. Done again, it completes it.

Which keys go was written down with the confirmation. So whoever goes on after a crash destroys those and no
later ones: the patient may have come again meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from runtime.erasing.erased import Order, erased_event
from runtime.erasing.key_ids import parted
from runtime.governance.register import ErasureCase
from schemas.events import PatientErased
from schemas.phi import KeyRing


@dataclass(frozen=True, slots=True)
class Destroyed:
    """One subject whose keys are gone, up to a generation. now: how many went this time."""

    subject: str
    generation: int
    now: int


def destroy_keys(ring: KeyRing, key_ids: tuple[str, ...]) -> list[Destroyed]:
    """Every key up to each of `key_ids`, durably. Raises KeyRingUnusable."""
    done = []
    for subject, generation in map(parted, key_ids):
        is_left = ring.generations(subject).destroyed < generation
        done.append(Destroyed(subject, generation, ring.destroy(subject) if is_left else 0))
    return done


def erased_events(
    case: ErasureCase, destroyed: Sequence[Destroyed], by: tuple[str, str], site: str, now: datetime
) -> list[PatientErased]:
    """What the log is told, one event for each of the patient's keys. by: who asked, who confirmed,
    pseudonyms.
    """
    asked, confirmed = by
    return [
        erased_event(
            Order(
                patient_key=one.subject,
                reason=case.requested.erasure_reason,
                requested_by=asked,
                confirmed_by=confirmed,
                request_id=case.request_id,
                site=site,
            ),
            one.generation,
            now,
        )
        for one in destroyed
        if one.subject in case.requested.patient_keys
    ]
