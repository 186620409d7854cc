"""Pages of long answers: a limit, and a cursor that names the place where the last page ended."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

from dashboards.questions import BadQuestion


def write_cursor(place: object) -> str:
    """The cursor of what comes after `place`, which JSON can write."""
    return base64.urlsafe_b64encode(orjson.dumps(place)).decode().rstrip("=")


def read_cursor(cursor: str, kinds: tuple[type, ...]) -> tuple[Any, ...]:
    """The place that a cursor names: one value of each kind. Raises BadQuestion."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        read = orjson.loads(base64.urlsafe_b64decode(padded.encode()))
    except (ValueError, binascii.Error):
        read = None
    if isinstance(read, list) and [type(value) for value in read] == list(kinds):
        return tuple(read)
    raise BadQuestion("cursor must be the next_cursor of an earlier answer")


def read_place(asked: Mapping[str, str]) -> tuple[str, str] | None:
    """Instant and id of the last item of the page before; None for the first page. Raises BadQuestion."""
    if not asked.get("cursor"):
        return None
    at, item_id = read_cursor(asked["cursor"], (str, str))
    try:
        datetime.fromisoformat(at)
    except ValueError:
        raise BadQuestion("cursor must be the next_cursor of an earlier answer") from None
    return at, item_id


def read_limit(asked: Mapping[str, str], default: int, most: int) -> int:
    """The limit that is asked for. Raises BadQuestion."""
    limit = asked.get("limit", str(default))
    if not (limit.isascii() and limit.isdigit()) or not 1 <= int(limit[:9]) <= most:
        raise BadQuestion(f"limit must be a whole number from 1 to {most}")
    return int(limit)
