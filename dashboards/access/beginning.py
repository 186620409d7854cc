"""How a session begins, whoever said that it may."""

from __future__ import annotations

from functools import partial
from http import HTTPStatus

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from dashboards.access.access import Access
from dashboards.access.identity import cookie_name, identity_of, is_secure
from dashboards.access.roles import User


async def begin_session(
    access: Access, request: Request, user: User, next_path: str, *, is_local: bool
) -> Response:
    """Leads to `next_path` with the session's cookie. What session the browser had before ends."""
    before = identity_of(request).session_secret
    if before is not None:
        await anyio.to_thread.run_sync(access.sessions.end, before)
    secret = await anyio.to_thread.run_sync(partial(access.sessions.begin, user, is_local=is_local))
    response = RedirectResponse(next_path, HTTPStatus.SEE_OTHER)
    # Lax: a link out of another system leads to its exam; no other site can have anything changed.
    response.set_cookie(
        cookie_name(request), secret, path="/", secure=is_secure(request), httponly=True, samesite="lax"
    )
    return response
