"""The JSON API of one exam: what is known of it, its events, report versions, alerts and images."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboards.access.roles import Permission
from dashboards.access.routes import allowed, current_user
from dashboards.access.views import view_of
from dashboards.analytics import AnalyticsUnavailable
from dashboards.answers import answer, tagged
from dashboards.cards import Json, exam_sheet
from dashboards.exam_seen import ExamSeen, exam_seen
from dashboards.forecasts import told
from dashboards.interval_words import interval_words
from dashboards.open_alerts import alert_card
from dashboards.paging import read_cursor, read_limit, write_cursor
from dashboards.pictures.thumbnail import MEDIA_TYPE
from dashboards.reports import report_versions
from dashboards.services import Services
from dashboards.sight import Sight
from schemas.audit_codes import INSTANCES_ACCESSED, PATIENT_RECORD
from schemas.intervals import BY_NAME
from schemas.views import WorklistRow

_NOT_FOUND = 404
MOST_EVENTS, MOST_SERIES = 1_000, 200


class ExamApi:
    """The endpoints of exams."""

    def __init__(self, services: Services) -> None:
        """Everything comes from `services`."""
        self._services = services

    def routes(self) -> list[Route]:
        """Paths and endpoints; the exam itself last, for its id may hold slashes."""
        of = "/api/exams/{exam_id:path}"
        return [
            allowed(f"{of}/timeline", self.timeline, Permission.SEE_WORKLIST, takes_as_of=True),
            allowed(f"{of}/reports", self.reports, Permission.SEE_WORKLIST, takes_as_of=True),
            allowed(f"{of}/alerts", self.alerts, Permission.SEE_WORKLIST, takes_as_of=True),
            allowed(f"{of}/series", self.series, Permission.SEE_WORKLIST, takes_as_of=True),
            allowed(f"{of}/images/{{sop_instance_uid}}/picture", self.picture, Permission.SEE_PHI),
            allowed(of, self.exam, Permission.SEE_WORKLIST, takes_as_of=True),
        ]

    async def exam(self, request: Request) -> Response:
        """What is known of one exam, with its intervals and images where ClickHouse is there."""
        services = self._services
        seen = await exam_seen(services, request)
        row, exam_id = seen.row, seen.row.exam_id
        sight = await services.sights.of(request, PATIENT_RECORD, _told(seen, "exam"), exam_id, row)
        due = {} if services.config.targets_of is None else services.config.targets_of(row)
        targets = {name: target.total_seconds() for name, target in due.items()}
        found: Json = {
            "exam": exam_sheet(row, sight.patients),
            "found_in": seen.found_in,
            **_instant(seen),
            "under_way": _under_way(row, targets),
            "forecasts": told(seen.forecasts),
            "shows_pictures": _shows_pictures(services, sight),
            "phi": sight.reading(),
        }
        try:
            found |= await _analysed(services, seen, targets)
        except AnalyticsUnavailable as error:
            found["analytics"] = {"available": False, "unavailable_since": error.since}
        return answer(request, found)

    async def timeline(self, request: Request) -> Response:
        """One page of the events of one exam, in the order in which they occurred."""
        exam_id, asked = request.path_params["exam_id"], request.query_params
        limit = read_limit(asked, MOST_EVENTS, MOST_EVENTS)
        after = read_cursor(asked["cursor"], (str, str, str)) if asked.get("cursor") else None
        seen = await exam_seen(self._services, request)
        events = await self._services.history.events(exam_id, seen.until)
        rest = events if after is None else [event for event in events if _place(event) > after]
        page = rest[:limit]
        cursor = write_cursor(_place(page[-1])) if len(rest) > len(page) else None
        counts = {"total": len(events), "next_cursor": cursor}
        return answer(request, {"exam_id": exam_id, "events": page, **counts, **_instant(seen)})

    async def reports(self, request: Request) -> Response:
        """The versions of the exam's report: who published which when, never what it says."""
        exam_id = request.path_params["exam_id"]
        seen = await exam_seen(self._services, request)
        events = await self._services.history.events(exam_id, seen.until, explained=False)
        return answer(request, {"exam_id": exam_id, "reports": report_versions(events), **_instant(seen)})

    async def alerts(self, request: Request) -> Response:
        """Every alert that the exam had, as it stands, or stood."""
        exam_id = request.path_params["exam_id"]
        seen = await exam_seen(self._services, request)
        rows = sorted(await seen.alerts(), key=lambda row: (row.start_at, row.interval))
        told = [
            {
                **alert_card(row),
                "due_s": row.due_s,
                "breached_at": row.breached_at,
                "closed_at": row.closed_at,
            }
            for row in rows
        ]
        return answer(request, {"exam_id": exam_id, "alerts": told, **_instant(seen)})

    async def series(self, request: Request) -> Response:
        """One page of the exam's series; `middle` is the image that stands for each."""
        exam_id, asked = request.path_params["exam_id"], request.query_params
        limit = read_limit(asked, 50, MOST_SERIES)
        after: Any = read_cursor(asked["cursor"], (int, str)) if asked.get("cursor") else (0, "")
        seen = await exam_seen(self._services, request)
        joined = seen.as_of is None or bool(seen.row.reconciled_from_count)
        found = await self._services.gallery.series(
            exam_id, after, limit + 1, until=seen.until, with_joined=joined
        )
        page = found[:limit]
        last = page[-1] if len(found) > limit else None
        cursor = write_cursor((last["number"] or 0, last["series_instance_uid"])) if last else None
        shows = _shows_pictures(self._services, self._services.sights.expected(request))
        told = {"exam_id": exam_id, "series": page, "next_cursor": cursor, "shows_pictures": shows}
        return answer(request, {**told, **_instant(seen)})

    async def picture(self, request: Request) -> Response:
        """A small WebP of one image, said in the audit topic before it goes out."""
        exam_id, uid = request.path_params["exam_id"], request.path_params["sop_instance_uid"]
        what = "pictures of the exam's images"
        view = view_of(request, current_user(request), INSTANCES_ACCESSED, what, exam_id)
        row = self._services.live.board.get(exam_id)
        view = view if row is None else replace(view, patient_key=row.patient_key)
        found = await self._services.gallery.picture(exam_id, uid, view)
        if found is None:
            raise HTTPException(_NOT_FOUND, f"The exam has no image {uid}.")
        return tagged(request, Response(found, media_type=MEDIA_TYPE), found)


async def _analysed(services: Services, seen: ExamSeen, targets: Mapping[str, float]) -> Json:
    """What ClickHouse has of the exam. Raises AnalyticsUnavailable."""
    exam_id = seen.row.exam_id
    (measured, excluded), images, accesses = await asyncio.gather(
        seen.measured(),
        services.history.images(exam_id, seen.until),
        services.history.accesses(exam_id, seen.until),
    )
    return {
        "intervals": [{**one, "target_s": targets.get(one["interval"])} for one in measured],
        "excluded": excluded,
        "images": images,
        "accesses": accesses,
        "analytics": {"available": True},
    }


def _instant(seen: ExamSeen) -> Json:
    """The instant that an answer is of; nothing where it is now."""
    return {} if seen.as_of is None else {"as_of": seen.as_of.reading()}


def _told(seen: ExamSeen, what: str) -> str:
    return what if seen.as_of is None else f"{what}, {seen.as_of.told()}"


def _shows_pictures(services: Services, sight: Sight) -> bool:
    return services.gallery.shows_pictures and sight.withheld is None


def _place(event: Json) -> tuple[str, str, str]:
    occurred_at: datetime = event["occurred_at"]
    recorded_at: datetime = event["recorded_at"]
    return occurred_at.isoformat(), recorded_at.isoformat(), event["event_id"]


def _under_way(row: WorklistRow, targets: dict[str, float]) -> list[Json]:
    """The intervals with a target that have begun and not ended, the soonest due first."""
    if row.stage in ("cancelled", "reconciled"):
        return []
    found = []
    for name, target_s in targets.items():
        spec = BY_NAME[name]
        start = getattr(row, f"{spec.start}_at", None)
        if start is not None and getattr(row, f"{spec.end}_at", None) is None:
            found.append({**interval_words(name), "start_at": start, "target_s": target_s})
    return sorted(found, key=lambda one: (one["start_at"].timestamp() + one["target_s"], one["interval"]))
