"""Whether a page of ours asks for a change, and no page of someone else that rides on our cookie."""

from __future__ import annotations

import hmac
from http import HTTPStatus
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import Request

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})  # RFC 9110, section 9.2.1
HEADER = "X-CSRF-Token"


def require_same_origin(request: Request) -> None:
    """Raises HTTPException (403) where a browser says that another site's page asks, or says nothing.

    Sec-Fetch-Site (W3C Fetch Metadata) is trusted first: scripts cannot set it.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        is_ours = site == "same-origin"
    else:
        origin = urlsplit(request.headers.get("origin", ""))
        is_ours = bool(origin.netloc) and origin.netloc == request.headers.get("host")
    if not is_ours:
        raise HTTPException(
            HTTPStatus.FORBIDDEN, "Only pages of this server may ask for that; a program sends a token."
        )


def require_csrf_token(request: Request, csrf_token: str | None) -> None:
    """Raises HTTPException (403) where the request does not carry the session's token."""
    if csrf_token is None or not hmac.compare_digest(
        request.headers.get(HEADER, "").encode(), csrf_token.encode()
    ):
        raise HTTPException(
            HTTPStatus.FORBIDDEN, f"{HEADER} has to be the csrf-token of the page: load the page again."
        )
