"""Rows for the dashboard's tests: an exam, what it is due, forecasts and alerts of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from dashboards.patients import Patients
from dashboards.sight import Sight, Withheld
from schemas.identity import event_id, patient_key
from schemas.parts import Phi
from schemas.phi import KeyRing, seal
from schemas.views import AlertRow, DueRow, PredictionRow, WorklistRow

NOON = datetime(2026, 3, 9, 12, tzinfo=UTC)
PSEUDONYMS = Sight(Patients(None), Withheld.NO_KEY_RING)


def row(number: int, stage: str = "ordered", *, since: datetime = NOON, **fields: Any) -> WorklistRow:
    """One exam that stands in `stage` since `since`."""
    values: dict[str, Any] = {
        "exam_id": f"GENERAL|A{number:05}",
        "accession_number": f"A{number:05}",
        "site": "GENERAL",
        "patient_key": patient_key(b"secret", "GENERAL", str(number)),
        "modality": ("CT", "MR", "US", "DX")[number % 4],
        "procedure_name": f"Procedure {number % 7}",
        "priority": "STAT" if number % 10 == 0 else "ROUTINE",
        "stage": stage,
        "stage_since_at": since,
        "ordered_at": since - timedelta(minutes=30),
        "series_count": 0,
        "instance_count": 0,
        "unmatched": stage == "unmatched",
        "event_count": 1,
        "last_occurred_at": since,
        "last_recorded_at": since,
    }
    return WorklistRow(**values | fields)


def due(number: int, due_at: datetime, target: timedelta = timedelta(hours=1)) -> DueRow:
    """The report of exam `number` is due; warned of a quarter of the time before."""
    return DueRow(
        exam_id=row(number).exam_id,
        site="GENERAL",
        interval="report_turnaround",
        start_at=due_at - target,
        warn_at=due_at - target / 4,
        due_at=due_at,
        targets_sha256="0" * 64,
        due_s=int(target.total_seconds()),
        said_at=due_at - target,
    )


def forecast(number: int, late: float, milestone: str = "final") -> PredictionRow:
    """Half an hour to two hours after noon, and how likely the report will be late."""
    exam_id = row(number).exam_id
    return PredictionRow(
        prediction_id=f"{exam_id}|{milestone}",
        exam_id=exam_id,
        site="GENERAL",
        milestone=milestone,
        made_at=NOON,
        p10_at=NOON + timedelta(minutes=30),
        p50_at=NOON + timedelta(minutes=60),
        p90_at=NOON + timedelta(minutes=120),
        interval="report_turnaround",
        due_at=NOON + timedelta(minutes=90),
        breach_probability=late,
        reasons=("unread_ahead", "hour"),
        model="20260101T000000Z-0123abcd",
    )


def alert(number: int, state: str, due_at: datetime, **fields: Any) -> AlertRow:
    """An alert of exam `number`."""
    of = row(number)
    values: dict[str, Any] = {
        "alert_id": f"alert-{number}",
        "exam_id": of.exam_id,
        "accession_number": of.accession_number,
        "site": of.site,
        "modality": of.modality,
        "procedure_name": of.procedure_name,
        "priority": of.priority,
        "interval": "report_turnaround",
        "state": state,
        "start_at": due_at - timedelta(hours=1),
        "warn_at": due_at - timedelta(minutes=15),
        "due_at": due_at,
        "targets_sha256": "0" * 64,
        "due_s": 3600,
        "said_at": due_at,
    }
    return AlertRow(**values | fields)


def sealed(of: WorklistRow, ring: KeyRing, name: str) -> WorklistRow:
    """The same row with its patient's name sealed into it."""
    assert of.patient_key is not None
    bound_to = event_id("test", of.exam_id)
    phi = Phi(patient_name=name, patient_id="4711", birth_date="19610412", sex="F", text="secret text")
    return replace(of, phi=seal(ring, of.patient_key, bound_to, phi), phi_event_id=bound_to)
