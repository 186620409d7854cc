"""Features: what a forecast is made from, as numbers. Pure."""

from __future__ import annotations

import math
from datetime import datetime, tzinfo

from processors.predictions.department import MINUTE_US, Department, urgency
from processors.predictions.exam import ForecastExam
from schemas.forecast_features import FEATURES, SINCE_OF

__all__ = ["CATEGORIES", "FEATURES", "Row", "feature_row"]

CATEGORIES = ("site", "modality", "patient_class", "procedure_code")
"""Features that are words; as numbers they are places in a model's vocabulary."""

Row = list[float | str]


def feature_row(exam: ForecastExam, department: Department, now_us: int, zone: tzinfo) -> Row:
    """The features of `exam` at `now_us`, in the order of FEATURES: first the words, then the numbers."""
    reached, at = exam.reached, datetime.fromtimestamp(now_us / 1_000_000, zone)
    row: Row = [exam.site, exam.modality, exam.patient_class, exam.procedure_code]
    row += (urgency(exam.priority), exam.phase.value)
    row += [_minutes(now_us, reached.get(name)) for name in SINCE_OF]
    row.append(_minutes(now_us, exam.since_us))
    row.append(-_minutes(now_us, exam.scheduled_us))
    row += (at.hour + at.minute / 60, at.weekday())
    row += department.load(exam, now_us)
    return row


def _minutes(now_us: int, then_us: int | None) -> float:
    return math.nan if then_us is None else (now_us - then_us) / MINUTE_US
