"""The features that forecasts are made from: one table for models, messages and pages.

A name in it is on the wire (`radstream.views.PredictionRow.reasons`): it is never given another meaning.
"""

from __future__ import annotations

from collections.abc import Mapping

BASELINE = "baseline"
"""In place of a model's version: the medians of the last weeks speak."""

STEADY, DRIFTED, TOO_FEW = "steady", "drifted", "too few to judge"
"""Whether the last week is like the weeks that a model learned from."""

_SINCE = ("ordered", "arrived", "started", "completed", "stored", "dictated", "preliminary")

SINCE_OF: Mapping[str, str] = {name: f"since_{name}_min" for name in _SINCE}
"""Name of the feature that says how long ago a milestone was."""

FEATURES: Mapping[str, str] = {
    "site": "the site",
    "modality": "the modality",
    "patient_class": "the class of the patient",
    "procedure_code": "the procedure",
    "urgency": "the priority",
    "phase": "how far the exam is",
    **{feature: f"how long ago it was {name}" for name, feature in SINCE_OF.items()},
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
