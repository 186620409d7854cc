"""Every operation of the API, for its document."""

from __future__ import annotations

from dashboards.operations import analytics, department, exams, forecasts, pipeline, what_if

OPERATIONS = (
    *department.OPERATIONS,
    *exams.OPERATIONS,
    *analytics.OPERATIONS,
    *what_if.OPERATIONS,
    *forecasts.OPERATIONS,
    *pipeline.OPERATIONS,
)
