"""What a program or a page sends as JSON."""

from __future__ import annotations

from http import HTTPStatus

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request

_MOST_BYTES = 65_536


async def read_text_fields(request: Request, names: tuple[str, ...]) -> dict[str, str | None]:
    """The members `names` of the object that was sent, each a text or missing.

    Raises HTTPException (413, 415, 422), also where it has another member: a misspelt filter is not `all`.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Send application/json.")
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _MOST_BYTES:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"At most {_MOST_BYTES} bytes.")
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, "The body is no JSON.") from None
    if not isinstance(found, dict) or not set(found) <= set(names):
        raise HTTPException(
            HTTPStatus.UNPROCESSABLE_ENTITY, f"Send an object with {', '.join(names)}, and nothing else."
        )
    if not all(value is None or isinstance(value, str) for value in found.values()):
        raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, "Each member is a text.")
    return {name: found.get(name) for name in names}
