"""Who is to be erased, and what the log is told of it. Pure, but for a look into the key ring."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from runtime.erasing.errors import ErasureRefused
from schemas.events import PatientErased
from schemas.identity import event_id, patient_key, subject_of_patient
from schemas.parts import Envelope, Source
from schemas.phi import KeyRing

_PATIENT_KEY = re.compile(r"[0-9a-f]{64}")
_REASON = re.compile(r"[A-Z][A-Z0-9_-]{0,63}")
_PROTOCOL = "radstream"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Who was erased, why, who asked for it and who confirmed it (pseudonyms), and by which request."""

    patient_key: str
    reason: str
    requested_by: str
    confirmed_by: str
    request_id: str
    site: str


def require_code(reason: str) -> str:
    """A reason as it may stand in the log for ever: coded, never free text. Raises ErasureRefused."""
    if not _REASON.fullmatch(reason):
        raise ErasureRefused(
            "the reason stays in the log for ever: a code of capitals, digits, - and _ (PATIENT_REQUEST)"
        )
    return reason


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


def erased_event(order: Order, generations: int, now: datetime) -> PatientErased:
    """The event of the patient's last erasure, after which `generations` keys are destroyed.

    Its id is made of the patient and the keys that there were: said again, it is the same.
    """
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
        confirmed_by=order.confirmed_by,
        request_id=order.request_id,
    )
