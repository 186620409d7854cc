"""The two steps of an erasure: one asks for it, another confirms it; each is an event before a key goes."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from uuid import uuid4

from runtime.erasing.erased import require_code, require_known
from runtime.erasing.errors import ErasureRefused
from runtime.erasing.patient_facts import exams_of
from runtime.erasing.plan import Plan, plan_erasure
from runtime.governance.reading import envelope_of
from runtime.governance.register import ErasureCase, Register
from runtime.governance.session import Session, wall_now
from schemas.events import ErasureConfirmed, ErasureRequested
from schemas.identity import subject_of_patient

# 80 bits in Crockford's alphabet: the log has their hash, and no one tries so many.
_ALPHABET, _GROUPS, _GROUP = "0123456789ABCDEFGHJKMNPQRSTVWXYZ", 4, 4


@dataclass(frozen=True, slots=True)
class Asked:
    """A request. code: shown once, to who asked; whoever is to confirm needs it."""

    requested: ErasureRequested
    code: str
    exams: tuple[str, ...]


def request_erasure(session: Session, keys: tuple[str, ...], reason: str, by: str, hours: float) -> Asked:
    """Ask that the person of these keys, the first the one that was named, be erased.

    Raises ErasureRefused, PublishFailed, TopicUnreadable.
    """
    require_code(reason)
    require_known(session.ring, keys)
    exams = exams_of(session.client, keys)
    _require_no_hold(session.register(), keys, exams)
    now, request_id, code = wall_now(), str(uuid4()), _new_code()
    site = session.installation.settings.site
    requested = ErasureRequested(
        envelope=envelope_of(
            "erasure-requested",
            request_id,
            site=site,
            exam_id=subject_of_patient(keys[0]),
            patient_key=keys[0],
            now=now,
        ),
        request_id=request_id,
        erasure_reason=reason,
        patient_keys=keys,
        requested_by=by,
        code_sha256=_digest(code),
        expires_at=now + timedelta(hours=hours),
    )
    session.say(requested)
    return Asked(requested, code, exams)


def find_case(register: Register, code: str) -> ErasureCase:
    """The request that the code confirms. Raises ErasureRefused."""
    digest = _digest(code)
    for case in register.erasures.values():
        if case.requested.code_sha256 == digest:
            return case
    raise ErasureRefused(
        "no erasure was asked for with this code: `radstream erase --list` shows the requests"
    )


def confirm_erasure(session: Session, case: ErasureCase, by: str) -> tuple[ErasureCase, Plan | None]:
    """The case, confirmed, and the plan; none where it was confirmed before: what was planned then goes on.

    Raises ErasureRefused, PublishFailed, TopicUnreadable.
    """
    if case.confirmed is not None:
        return case, None
    _require_in_time(case)
    if session.installation.settings.erasure_second_person and by == case.requested.requested_by:
        raise ErasureRefused(
            f"{by} asked for it: somebody else with the role has to confirm "
            "(RADSTREAM_ERASURE_SECOND_PERSON=false where there is nobody else)"
        )
    keys = case.requested.patient_keys
    plan = plan_erasure(session.installation, session.client, session.codec, session.ring, keys)
    _require_no_hold(session.register(), keys, plan.exams)
    session.say(_confirmation(session, case, plan, by))
    decided = session.register().erasures[case.request_id]
    if decided.confirmed is None:
        raise ErasureRefused(f"nothing was erased: {'; '.join(decided.void)}")
    return decided, plan


def _confirmation(session: Session, case: ErasureCase, plan: Plan, by: str) -> ErasureConfirmed:
    key = case.requested.patient_keys[0]
    return ErasureConfirmed(
        envelope=envelope_of(
            "erasure-confirmed",
            f"{case.request_id}/{uuid4()}",
            site=session.installation.settings.site,
            exam_id=subject_of_patient(key),
            patient_key=key,
            now=wall_now(),
        ),
        request_id=case.request_id,
        confirmed_by=by,
        key_ids=plan.key_ids,
        undecided=plan.undecided,
    )


def _require_in_time(case: ErasureCase) -> None:
    if wall_now() > case.requested.expires_at:
        raise ErasureRefused(
            f"the request ended at {case.requested.expires_at:%Y-%m-%d %H:%M} UTC: ask again"
        )


def _require_no_hold(register: Register, keys: tuple[str, ...], exams: tuple[str, ...]) -> None:
    for hold in register.holds_on(keys, exams):
        raise ErasureRefused(
            f"a legal hold stands ({hold.hold_reason}, set by {hold.set_by} on "
            f"{hold.envelope.recorded_at:%Y-%m-%d}): nothing is erased before it is released "
            f"(`radstream hold release {hold.hold_id}`)"
        )


def _new_code() -> str:
    groups = ("".join(secrets.choice(_ALPHABET) for _ in range(_GROUP)) for _ in range(_GROUPS))
    return "-".join(groups)


def _digest(code: str) -> str:
    """Of the code as anybody may write it: small letters, without dashes."""
    return sha256(code.upper().replace("-", "").replace(" ", "").encode()).hexdigest()
