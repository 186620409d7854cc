"""Figures that leave as files: in the audit topic before they leave (DICOM PS3.15, A.5.3.4)."""

from __future__ import annotations

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import Response

from dashboards.access.routes import current_user
from dashboards.access.views import view_of
from dashboards.cards import Json
from dashboards.file_answers import file_answer
from dashboards.services import Services
from schemas.audit_codes import EXPORT


async def exported(request: Request, services: Services, name: str, rows: list[Json]) -> Response:
    """`rows` as the file NAME.KIND, each export said.

    Raises NotRecorded: then nothing leaves; and what `file_answer` raises.
    """
    kind = request.path_params["kind"]
    answer = await file_answer(services.provenance, name, kind, rows)
    view = view_of(request, current_user(request), EXPORT, f"{name}.{kind}, {len(rows)} rows")
    await anyio.to_thread.run_sync(services.access_log.record_each, view)
    return answer
