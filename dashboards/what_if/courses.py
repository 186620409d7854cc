"""The exams that came in a period, each as it went: what a model of the department is fed with."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from typing import Any

from dashboards.analytics import Analytics, Row
from dashboards.choice import CHOSEN, Chosen
from dashboards.department import day_bounds
from dashboards.questions import BadQuestion
from dashboards.trends.question import Period
from dashboards.what_if.staffing import Course

# What a model is asked in one go: more would keep the pages waiting.
MOST_EXAMS = 20_000

_COURSES = f"""
SELECT modality, if(priority = '', 'ROUTINE', priority) AS priority, patient_class, site, station_ae_title,
       reader, arrived_at, started_at, completed_at, stored_at, dictated_at, final_at
FROM v_exams
WHERE arrived_at >= {{start:DateTime64(6, 'UTC')}} AND arrived_at < {{end:DateTime64(6, 'UTC')}}
  AND {CHOSEN}
ORDER BY arrived_at, exam_id LIMIT {{limit:UInt32}}
"""  # noqa: S608 - made from our own constants


async def courses(analytics: Analytics, period: Period, zone: tzinfo, chosen: Chosen) -> list[Course]:
    """The exams whose patients arrived in `period`. Raises AnalyticsUnavailable; BadQuestion: too many."""
    start, _ = day_bounds(period.first, zone)
    _, end = day_bounds(period.last, zone)
    asked = {"start": start, "end": end, "limit": MOST_EXAMS + 1, **chosen.parameters()}
    rows = await analytics.ask(_COURSES, asked)
    if len(rows) > MOST_EXAMS:
        raise BadQuestion(f"more than {MOST_EXAMS} exams: choose a shorter period, or a site")
    return [_course(row) for row in rows]


def _course(row: Row) -> Course:
    def at(name: str) -> datetime | None:
        found: datetime | None = row[name]
        return found if found is None or found.tzinfo is not None else found.replace(tzinfo=UTC)

    arrived_at: Any = at("arrived_at")
    return Course(
        modality=row["modality"],
        priority=row["priority"],
        patient_class=row["patient_class"],
        site=row["site"],
        station=row["station_ae_title"],
        reader=row["reader"],
        arrived_at=arrived_at,
        started_at=at("started_at"),
        completed_at=at("completed_at"),
        stored_at=at("stored_at"),
        dictated_at=at("dictated_at"),
        final_at=at("final_at"),
    )
