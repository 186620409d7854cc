"""How long a browser may keep an answer about an instant."""

from __future__ import annotations

from datetime import datetime

from starlette.responses import Response

from dashboards.as_of.instant import KEPT_FOR, AsOf

KEPT = f"private, max-age={int(KEPT_FOR.total_seconds())}, immutable"


def kept(response: Response, as_of: AsOf | None, now: datetime) -> Response:
    """The same, kept for a while where nothing changes it; only for answers that name no patient.

    A name is never kept: it goes with its key, and each view of it is recorded.
    """
    if as_of is not None and as_of.is_settled(now):
        response.headers["Cache-Control"] = KEPT
        # Who else signs in here, or may less by now, asks anew.
        response.headers["Vary"] = "Cookie, Authorization"
    return response
