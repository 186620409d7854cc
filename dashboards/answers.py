"""Answers in JSON, each with an ETag: who asks again with it is told whether anything has changed."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

_NOT_MODIFIED = 304
# What a clock changes: an answer that differs in nothing else is the same answer.
_PASSING = frozenset({"clock", "feed"})


class JsonResponse(Response):
    """JSON with dates as RFC 3339."""

    media_type = "application/json"

    def __init__(self, content: Any, status: int = 200) -> None:
        """`content`: whatever orjson can write, dataclasses among it."""
        super().__init__(orjson.dumps(content), status)


def answer(request: Request, content: Any) -> Response:
    """`content` with its ETag, or 304 where the reader has it (RFC 9110, section 13.1.2)."""
    lasting = content
    if isinstance(content, Mapping) and not _PASSING.isdisjoint(content):
        lasting = {name: value for name, value in content.items() if name not in _PASSING}
    return tagged(request, JsonResponse(content), orjson.dumps(lasting))


def tagged(request: Request, response: Response, said: bytes) -> Response:
    """`response` with the ETag of `said`, or 304 in its place."""
    # Weak: two answers of one tag may differ in what _PASSING has.
    tag = f'W/"{sha256(said).hexdigest()[:24]}"'
    asked = {known.strip() for known in request.headers.get("if-none-match", "").split(",")}
    if asked & {tag, tag.removeprefix("W/"), "*"}:
        response = Response(status_code=_NOT_MODIFIED)
    response.headers["ETag"] = tag
    return response
