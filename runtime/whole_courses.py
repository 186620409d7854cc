"""Courses of which every step that the model of the queues needs was said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from dashboards.what_if.staffing import Course


@dataclass(frozen=True, slots=True)
class Whole:
    """A course of which every step that the model needs was said, in this order."""

    course: Course
    started_at: datetime
    completed_at: datetime
    readable_at: datetime
    dictated_at: datetime


def whole_courses(courses: Sequence[Course]) -> list[Whole]:
    """Those that the model can use, in the order of arrival."""
    return [whole for course in courses if (whole := _whole(course)) is not None]


def _whole(course: Course) -> Whole | None:
    started, completed, dictated = course.started_at, course.completed_at, course.dictated_at
    if not course.modality or started is None or completed is None or dictated is None:
        return None
    readable = max(completed, course.stored_at or completed)
    if not course.arrived_at <= started <= completed <= readable <= dictated:
        # Read before the last image was stored: what was there was enough.
        readable = completed
        if not course.arrived_at <= started <= completed <= dictated:
            return None
    return Whole(course, started, completed, readable, dictated)
