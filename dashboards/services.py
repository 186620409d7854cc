"""What the pages and the API are made from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.requests import Request

from dashboards.access.access import Access
from dashboards.access.log import AccessLog
from dashboards.analytics import Analytics
from dashboards.as_of.past import Past
from dashboards.as_of.seen import Seen, seen_by
from dashboards.backlog.records import Records
from dashboards.config import DashboardConfig
from dashboards.dead_letters.office import Office
from dashboards.department import Clock
from dashboards.history import History
from dashboards.live import Live
from dashboards.patients import Patients
from dashboards.pictures.gallery import Gallery
from dashboards.provenance import Provenance
from dashboards.quality.quality import Quality
from dashboards.reconcile_desk import ReconcileDesk
from dashboards.sight import Sights
from dashboards.today import Days
from dashboards.trends.trends import Trends
from dashboards.turnaround import Turnaround
from dashboards.turnaround_check import TurnaroundCheck
from dashboards.volume.volumes import Volumes
from dashboards.what_if.what_if import WhatIfs
from schemas.views import WorklistRow

_NOT_FOUND = 404


@dataclass(frozen=True, slots=True)
class Services:
    """One dashboard's parts.

    desk: Where decisions about two exams are taken; None where this dashboard says nothing.
    feed_is_alive: Whether the thread that reads Kafka runs.
    """

    config: DashboardConfig
    access: Access
    clock: Clock
    live: Live
    patients: Patients
    access_log: AccessLog
    sights: Sights
    analytics: Analytics
    history: History
    past: Past
    turnaround: Turnaround
    days: Days
    gallery: Gallery
    trends: Trends
    provenance: Provenance
    check: TurnaroundCheck
    quality: Quality
    what_ifs: WhatIfs
    volumes: Volumes
    records: Records
    desk: ReconcileDesk | None
    office: Office
    feed_is_alive: Callable[[], bool]

    async def seen(self, request: Request) -> Seen:
        """The board that a question is about: now, or as of an instant.

        Raises BadQuestion, and for an instant NotFolded or AnalyticsUnavailable.
        """
        return await seen_by(request, self.live, self.past)

    async def exam(self, exam_id: str) -> tuple[WorklistRow, str]:
        """The row of an exam and where it was found: `board` or `history`.

        Raises HTTPException (404), or AnalyticsUnavailable where only ClickHouse could know.
        """
        row = self.live.board.get(exam_id)
        if row is not None:
            return row, "board"
        row = await self.history.row(exam_id)
        if row is None:
            raise HTTPException(_NOT_FOUND, f"No exam {exam_id}: nothing was ever said of it here.")
        return row, "history"
