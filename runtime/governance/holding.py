"""Legal holds: set on a patient or an exam, released by name, each an event in the governance topic."""

from __future__ import annotations

from uuid import uuid4

from runtime.erasing.erased import key_of, require_code
from runtime.erasing.errors import ErasureRefused
from runtime.erasing.patient_facts import patients_of_exam
from runtime.governance.reading import envelope_of
from runtime.governance.session import Session, wall_now
from schemas.events import LegalHoldReleased, LegalHoldSet
from schemas.identity import subject_of_patient


class HoldRefused(ErasureRefused):
    """Nothing was held or released; the message says why."""


def set_hold(
    session: Session, patient: str | None, exam: str | None, reason: str, by: str
) -> list[LegalHoldSet]:
    """Hold what concerns a patient with every exam, or one exam; of several patients in it, one for each.

    Raises ErasureRefused, PublishFailed, TopicUnreadable.
    """
    if (patient is None) == (exam is None):
        raise HoldRefused("name one thing: ISSUER|MRN or 64 hexadecimal digits, or --exam EXAM")
    require_code(reason)
    if patient is not None:
        key = key_of(patient, session.installation.secret_key("site_secret"))
        subjects: list[tuple[str, str | None]] = [(subject_of_patient(key), key)]
    else:
        subjects = [*patients_of_exam(session.client, str(exam))]
    holds = [_hold(session, subject, key, reason, by) for subject, key in subjects]
    _refuse_what_is_erased(session, holds)
    session.say(*holds)
    return holds


def release_hold(session: Session, hold_id: str, reason: str, by: str) -> LegalHoldReleased:
    """Let the hold go; `hold_id` may be its beginning. Raises ErasureRefused, PublishFailed."""
    require_code(reason)
    found = [hold for hold in session.register().holds.values() if hold.hold_id.startswith(hold_id)]
    if not hold_id or len(found) != 1:
        said = "several holds begin so" if found else "no such hold stands"
        raise HoldRefused(f"{said}: `radstream hold list` shows those that do")
    (hold,) = found
    released = LegalHoldReleased(
        envelope=envelope_of(
            "hold-released",
            hold.hold_id,
            site=hold.envelope.site,
            exam_id=hold.envelope.exam_id,
            patient_key=hold.envelope.patient_key,
            now=wall_now(),
        ),
        hold_id=hold.hold_id,
        release_reason=reason,
        released_by=by,
    )
    session.say(released)
    return released


def _hold(session: Session, subject: str, key: str | None, reason: str, by: str) -> LegalHoldSet:
    hold_id = str(uuid4())
    return LegalHoldSet(
        envelope=envelope_of(
            "hold-set",
            hold_id,
            site=session.installation.settings.site,
            exam_id=subject,
            patient_key=key,
            now=wall_now(),
        ),
        hold_id=hold_id,
        hold_reason=reason,
        set_by=by,
    )


def _refuse_what_is_erased(session: Session, holds: list[LegalHoldSet]) -> None:
    """Who asks for a hold must be told where there is nothing left to hold."""
    keys = {hold.envelope.patient_key for hold in holds}
    for case in session.register().erasures.values():
        if case.confirmed is not None and not keys.isdisjoint(case.requested.patient_keys):
            at = f"{case.confirmed.envelope.recorded_at:%Y-%m-%d %H:%M}"
            living = sum(session.ring.generations(key).living for key in keys if key)
            if not living:
                raise HoldRefused(
                    f"this patient was erased (confirmed by {case.confirmed.confirmed_by}, {at} UTC): there "
                    "is nothing left to hold; `radstream erase --list` shows it"
                )
