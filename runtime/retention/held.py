"""What the legal holds of an installation keep, with every exam of a held patient."""

from __future__ import annotations

from runtime.erasing.patient_facts import exams_of, keys_of_person
from runtime.governance.register import Register
from runtime.governance.session import Session
from schemas.identity import is_exam
from sinks.clickhouse.retention import HeldRows, hold_rows


class HoldsNotInForce(Exception):
    """A hold is recorded, and ClickHouse's own bounds do not know it yet. The message says what to do."""


def held_rows(session: Session, register: Register | None = None) -> HeldRows:
    """Exams and patients that are held. Numbers that were merged with a held patient's are held with them.

    Raises TopicUnreadable, ClickHouse's own errors.
    """
    holds = (register or session.register()).holds.values()
    exams = {hold.envelope.exam_id for hold in holds}
    patients: set[str] = set()
    for hold in holds:
        if not is_exam(hold.envelope.exam_id) and hold.envelope.patient_key:
            patients.update(keys_of_person(session.client, hold.envelope.patient_key))
    if patients:
        exams.update(exams_of(session.client, sorted(patients)))
    return HeldRows(frozenset(exams), frozenset(patients))


def bring_into_force(session: Session) -> HeldRows:
    """Let ClickHouse's own bounds (RADSTREAM_CLICKHOUSE_KEEP_DAYS) know the holds. Raises HoldsNotInForce."""
    settings = session.installation.settings
    try:
        held = held_rows(session)
        hold_rows(session.client, settings.clickhouse_keep_days, settings.clickhouse_cluster, held)
    except Exception as error:
        raise HoldsNotInForce(
            f"it is recorded, but ClickHouse's bounds do not know it ({error}): run `radstream hold apply`"
        ) from error
    return held
