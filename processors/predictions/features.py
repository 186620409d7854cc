"""Features: what a forecast is made from, as numbers. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime, tzinfo

from processors.predictions.department import MINUTE_US, Department, urgency
from processors.predictions.exam import ForecastExam

CATEGORIES = ("site", "modality", "patient_class", "procedure_code")
"""Features that are words; as numbers they are places in a model's vocabulary."""

_SINCE = ("ordered", "arrived", "started", "completed", "stored", "dictated", "preliminary")

FEATURES: Mapping[str, str] = {
    "site": "the site",
    "modality": "the modality",
    "patient_class": "the class of the patient",
    "procedure_code": "the procedure",
    "urgency": "the priority",
    "phase": "how far the exam is",
    **{f"since_{name}_min": f"how long ago it was {name}" for name in _SINCE},
    "in_phase_min": "how long it has waited for the next step",
    "until_scheduled_min": "the appointment",
    "hour": "the hour",
    "weekday": "the weekday",
    "waiting": "patients waiting for these scanners",
    "waiting_ahead": "patients who are before this one",
    "on_scanners": "exams under way",
    "expected_soon": "patients expected within the hour",
    "unread": "exams unread",
    "unread_ahead": "exams to be read before this one",
    "unread_of_modality": "exams of this modality unread",
    "started_last_hour": "exams begun in the last hour",
    "scanners_last_hour": "scanners at work in the last hour",
    "read_last_hour": "exams read in the last hour",
    "readers_last_hour": "readers at work in the last hour",
    "wait_pace": "how long the latest patients waited",
    "reading_pace": "how long the latest exams waited to be read",
}
"""Name of each feature, in its order, and what a page says of it."""

Row = list[float | str]


def feature_row(exam: ForecastExam, department: Department, now_us: int, zone: tzinfo) -> Row:
    """The features of `exam` at `now_us`, in the order of FEATURES: first the words, then the numbers."""
    reached, at = exam.reached, datetime.fromtimestamp(now_us / 1_000_000, zone)
    row: Row = [exam.site, exam.modality, exam.patient_class, exam.procedure_code]
    row += (urgency(exam.priority), exam.phase.value)
    row += [_minutes(now_us, reached.get(name)) for name in _SINCE]
    row.append(_minutes(now_us, exam.since_us))
    row.append(-_minutes(now_us, exam.scheduled_us))
    row += (at.hour + at.minute / 60, at.weekday())
    row += department.load(exam, now_us)
    return row


def _minutes(now_us: int, then_us: int | None) -> float:
    return math.nan if then_us is None else (now_us - then_us) / MINUTE_US
