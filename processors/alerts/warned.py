"""The warning of an alert: when and why it was raised, and what became of it. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from processors.alerts.judging import CANCELLED, Judged, State
from processors.facts import to_us
from schemas.views import AlertRow, PredictionRow

CLOCK = "clock"
_OF_FORECAST = ("breach_probability", "p10_at", "p50_at", "p90_at", "reasons")
_MISSED = frozenset({State.BREACHED, State.RESOLVED})


def with_warning(row: AlertRow, judged: Judged, before: AlertRow | None) -> AlertRow:
    """`row`, made now, with the warning that it raises, or that `before`, what was said of it, had raised.

    A warning keeps what it was raised for: a forecast that moves on does not ring again.
    """
    if row.state == State.WARNED and not _stands(before):
        told = _raised(row, judged)
    elif before is not None:
        told = _kept(row, before)
    else:
        return row
    return replace(told, warned_before_s=_before_s(told), warning_came_true=_came_true(told))


def _stands(row: AlertRow | None) -> bool:
    return row is not None and row.warned_at is not None and row.taken_back_at is None


def _raised(row: AlertRow, judged: Judged) -> AlertRow:
    now_us = to_us(row.said_at)
    if judged.outlook is None or not judged.is_likely_late(now_us):
        return replace(row, warned_at=row.said_at, warned_by=CLOCK)
    forecast = judged.outlook.forecast
    return replace(
        row,
        warned_at=row.said_at,
        warned_by=forecast.model,
        forecast_at=forecast.made_at,
        **_forecast_in(forecast),
    )


def _kept(row: AlertRow, before: AlertRow) -> AlertRow:
    taken_back_at = before.taken_back_at
    if row.state == State.OPEN and _stands(before):
        taken_back_at = row.said_at
    return replace(
        row,
        warned_at=before.warned_at,
        taken_back_at=taken_back_at,
        warned_by=before.warned_by,
        forecast_at=before.forecast_at,
        **_forecast_in(before),
    )


def _forecast_in(row: PredictionRow | AlertRow) -> dict[str, Any]:
    return {name: getattr(row, name) for name in _OF_FORECAST}


def _before_s(row: AlertRow) -> int | None:
    return None if row.warned_at is None else (to_us(row.due_at) - to_us(row.warned_at)) // 1_000_000


def _came_true(row: AlertRow) -> bool | None:
    if row.warned_at is None or row.closed_by == CANCELLED:
        return None
    if row.taken_back_at is not None:
        return False
    if row.state in _MISSED:
        return True
    return False if row.state == State.MET else None
