"""Figures as files for other programs, marked where invented events may be behind them."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.responses import Response

from dashboards.cards import Json
from dashboards.provenance import Provenance
from dashboards.trends.export import MEDIA_TYPES, as_file
from schemas.synthetic import SYNTHETIC_FACILITY

_NOT_FOUND = 404


async def file_answer(provenance: Provenance, name: str, kind: str, rows: list[Json]) -> Response:
    """`rows` as the file `name`. Raises HTTPException (404) for another kind, AnalyticsUnavailable."""
    if kind not in MEDIA_TYPES:
        raise HTTPException(_NOT_FOUND, f"There is {' and '.join(MEDIA_TYPES)}.")
    is_synthetic = await provenance.synthetic() is not None
    marked = f"{SYNTHETIC_FACILITY.lower()}-{name}" if is_synthetic else name
    headers = {"Content-Disposition": f'attachment; filename="{marked}.{kind}"'}
    content = as_file(rows, kind, is_synthetic=is_synthetic)
    return Response(content, media_type=MEDIA_TYPES[kind], headers=headers)
