"""Erasing a patient: the keys go, then the log is told; done again, it completes what failed in between."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from schemas.events import Event, PatientErased
from schemas.identity import event_id, patient_key, subject_of_patient
from schemas.parts import Envelope, Source
from schemas.phi import KeyRing

_PATIENT_KEY = re.compile(r"[0-9a-f]{64}")
_REASON = re.compile(r"[A-Z][A-Z0-9_-]{0,63}")
_PROTOCOL = "radstream"


class ErasureRefused(Exception):
    """Nothing was erased; the message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """What was done. `keys_destroyed`: now; 0 where an earlier run had destroyed them already."""

    patient_key: str
    keys_destroyed: int
    event_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Who is to be erased, why (coded, never free text), and who asked for it (a pseudonym)."""

    patient_key: str
    reason: str
    requested_by: str
    site: str

    def __post_init__(self) -> None:
        if not _REASON.fullmatch(self.reason):
            raise ErasureRefused(
                "the reason stays in the log for ever: a code of capitals, digits, - and _ (PATIENT_REQUEST)"
            )


def key_of(patient: str, site_secret: bytes) -> str:
    """The patient_key of a patient_key (64 hexadecimal digits) or an `ISSUER|MRN`. Raises ErasureRefused."""
    if _PATIENT_KEY.fullmatch(patient.strip().lower()):
        return patient.strip().lower()
    issuer, bar, number = patient.partition("|")
    if not bar or not issuer.strip() or not number.strip():
        raise ErasureRefused(
            "a patient is named by ISSUER|MRN, by 64 hexadecimal digits, or with --exam EXAM"
        )
    return patient_key(site_secret, issuer, number)


def require_known(ring: KeyRing, keys: Sequence[str]) -> None:
    """Raises ErasureRefused where nothing was ever sealed for the patient, under none of their keys."""
    if not any(sum(ring.generations(key)) for key in keys):
        raise ErasureRefused(
            f"the key ring has no key of patient {keys[0][:8]}…, and never had: nothing was ever sealed for "
            "this patient here; look at issuer and number, and at RADSTREAM_KEY_RING"
        )


def erase(ring: KeyRing, order: Order, publish: Callable[[Event], None], now: datetime) -> Erasure:
    """Destroy the keys, then say so. Raises ErasureRefused, KeyRingUnusable, or what `publish` raises.

    The event's id is made of the patient and the keys that there were: said again, it is the same.
    """
    require_known(ring, [order.patient_key])
    destroyed = ring.destroy(order.patient_key)
    event = erased_event(order, ring.generations(order.patient_key).destroyed, now)
    publish(event)
    return Erasure(order.patient_key, destroyed, event.envelope.event_id)


def erased_event(order: Order, generations: int, now: datetime) -> PatientErased:
    """The event of the patient's last erasure, after which `generations` keys are destroyed."""
    step = f"erasure-{generations}"
    return PatientErased(
        envelope=Envelope(
            event_id=event_id(_PROTOCOL, "erase", order.patient_key, step),
            exam_id=subject_of_patient(order.patient_key),
            occurred_at=now,
            recorded_at=now,
            source=Source(system="radstream", facility=order.site, protocol=_PROTOCOL),
            source_message_id=step,
            site=order.site,
            patient_key=order.patient_key,
        ),
        keys_destroyed=generations,
        erasure_reason=order.reason,
        requested_by=order.requested_by,
    )
