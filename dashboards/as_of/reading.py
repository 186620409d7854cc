"""Rows of the events' table as logged events. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

import orjson

from dashboards.analytics import Row, utc
from dashboards.as_of.exam_history import ExamHistory
from dashboards.as_of.folding import Folding
from dashboards.as_of.instant import Sense
from dashboards.changes import LoggedEvent
from schemas.parts import SealedPhi


def histories(rows: Iterable[Row], sense: Sense, folding: Folding) -> dict[str, ExamHistory]:
    """By exam, what its events say."""
    counts_at = _counts_at(sense, folding)
    of_exam: dict[str, list[tuple[datetime, LoggedEvent]]] = {}
    for row in rows:
        event = logged_event(row)
        of_exam.setdefault(event.exam_id, []).append((counts_at(event), event))
    return {exam_id: ExamHistory(folding.begin(exam_id), events) for exam_id, events in of_exam.items()}


def logged_event(row: Row) -> LoggedEvent:
    """With what is sealed in it."""
    return LoggedEvent(
        event_id=str(row["event_id"]),
        event_type=str(row["event_type"]).rpartition(".")[2],
        exam_id=row["exam_id"],
        occurred_at=utc(row["occurred_at"]),
        recorded_at=utc(row["recorded_at"]),
        site=row["site"],
        patient_key=row["patient_key"] or None,
        corrects=str(row["corrects"]) if row["corrects"] else None,
        fields=_fields(row["payload"]),
        phi=_sealed(row),
    )


def _counts_at(sense: Sense, folding: Folding) -> Callable[[LoggedEvent], datetime]:
    if sense is Sense.RECORDED:
        return lambda event: event.recorded_at
    return folding.believed_at


def _fields(payload: str) -> dict[str, Any]:
    try:
        found: Any = orjson.loads(payload)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def _sealed(row: Row) -> SealedPhi | None:
    if not row["phi_key_id"]:
        return None
    nonce, ciphertext = bytes.fromhex(row["nonce"]), bytes.fromhex(row["ciphertext"])
    return SealedPhi(key_id=row["phi_key_id"], nonce=nonce, ciphertext=ciphertext)
