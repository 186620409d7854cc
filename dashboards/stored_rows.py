"""Rows of ClickHouse as what they were before they were stored. Pure."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import orjson

from dashboards.analytics import Row, utc
from dashboards.changes import LoggedEvent
from schemas.parts import SealedPhi
from schemas.views import AlertRow, PredictionRow, WorklistRow

Known = TypeVar("Known", WorklistRow, AlertRow, PredictionRow)


def logged_event(row: Row) -> LoggedEvent:
    """A row of the events' table; with what is sealed in it, where that was asked for."""
    return LoggedEvent(
        event_id=str(row["event_id"]),
        event_type=str(row["event_type"]).rpartition(".")[2],
        exam_id=row["exam_id"],
        occurred_at=utc(row["occurred_at"]),
        recorded_at=utc(row["recorded_at"]),
        site=row["site"],
        patient_key=row["patient_key"] or None,
        corrects=str(row["corrects"]) if row["corrects"] else None,
        fields=details(row["payload"]),
        phi=_sealed(row),
    )


def details(payload: str) -> dict[str, Any]:
    """What an event says besides its envelope; nothing where that cannot be read."""
    try:
        found: Any = orjson.loads(payload)
    except orjson.JSONDecodeError:
        return {}
    if not isinstance(found, dict):
        return {}
    return {name: value for name, value in found.items() if value is not None and name != "envelope"}


def row_of(kind: type[Known], row: Row) -> Known:
    """A row of a view's table as its class: what is empty there is None."""
    return kind(**{field.name: _value(row.get(field.name)) for field in fields(kind)})


def worklist_row(row: Row) -> WorklistRow:
    """A row of the worklist's table, with what is sealed in it."""
    known = row_of(WorklistRow, row)
    if not known.images_expected:
        # The table has no NULL there: that nothing is known of it is said by what is expected.
        known = replace(known, images_complete=None)
    return replace(known, phi=_sealed(row)) if row["phi_event_id"] else known


def prediction_row(row: Row) -> PredictionRow:
    """A row of the forecasts' table."""
    known = row_of(PredictionRow, {**row, "prediction_id": f"{row['exam_id']}|{row['milestone']}"})
    baseline_min = tuple(row["baseline_min"]) or None
    return replace(known, reasons=tuple(row["reasons"]), baseline_min=baseline_min)


def _sealed(row: Row) -> SealedPhi | None:
    if not row.get("phi_key_id"):
        return None
    nonce, ciphertext = bytes.fromhex(row["nonce"]), bytes.fromhex(row["ciphertext"])
    return SealedPhi(key_id=row["phi_key_id"], nonce=nonce, ciphertext=ciphertext)


def _value(value: object) -> Any:
    if isinstance(value, datetime):
        return utc(value)
    return str(value) if isinstance(value, UUID) else (None if value == "" else value)
