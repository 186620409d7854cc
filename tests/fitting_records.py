"""Records that fit their tables: ids are ids, counts are counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from schemas.parts import PART_CLASSES

_IDS = {
    "alert_id",
    "event_id",
    "corrects",
    "phi_event_id",
    "dead_letter_id",
    "report_first_event_id",
    "report_last_event_id",
}


_PLAIN: Mapping[Any, st.SearchStrategy[Any]] = {
    str: st.text(st.characters(codec="utf-8"), max_size=12),
    bytes: st.binary(max_size=40),
    datetime: st.datetimes(timezones=st.just(UTC)),
    float: st.floats(allow_nan=False, allow_infinity=False),
    bool: st.booleans(),
    int: st.integers(0, 2**31 - 1),
}


def _values(name: str, kind: Any) -> st.SearchStrategy[Any]:
    arguments = get_args(kind)
    if type(None) in arguments:
        return st.none() | _values(name, arguments[0])
    if get_origin(kind) is tuple:
        return st.lists(_values(name, arguments[0]), max_size=4).map(tuple)
    if kind in PART_CLASSES:
        return records(kind)
    return st.uuids().map(str) if name in _IDS else _PLAIN[kind]


def records(cls: type[Any]) -> st.SearchStrategy[Any]:
    """Any record of `cls` that its contract allows."""
    hints = get_type_hints(cls)
    return st.builds(cls, **{field.name: _values(field.name, hints[field.name]) for field in fields(cls)})
