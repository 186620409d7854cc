"""Strategies for every record class, derived from the contracts: what a contract allows is drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from hypothesis import strategies as st

from schemas.codec import CLASS_BY_NAME, RECORD_CLASSES, Record
from schemas.contracts import contracts
from schemas.events import EVENT_CLASSES, Event
from schemas.parts import PART_CLASSES

_CLASSES: Mapping[str, type[Record]] = {**CLASS_BY_NAME, **{cls.AVRO_NAME: cls for cls in PART_CLASSES}}

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# UTC microseconds, a century back and two ahead: far beyond what a department says.
moments: st.SearchStrategy[datetime] = st.integers(-(10**15) * 3, 10**15 * 6).map(
    lambda microseconds: _EPOCH + timedelta(microseconds=microseconds)
)

_PRIMITIVES: Mapping[str, Callable[[], st.SearchStrategy[Any]]] = {
    "null": st.none,
    "string": st.text,
    "bytes": st.binary,
    "boolean": st.booleans,
    "int": lambda: st.integers(-(2**31), 2**31 - 1),
    "long": lambda: st.integers(-(2**63), 2**63 - 1),
    "double": lambda: st.floats(allow_nan=False, allow_infinity=False),
}


def records(cls: type[Record]) -> st.SearchStrategy[Record]:
    """Any record of `cls` that its contract allows."""
    fields = contracts()[cls.AVRO_NAME]["fields"]
    return st.builds(cls, **{field["name"]: _values(field["type"]) for field in fields})


def any_record() -> st.SearchStrategy[Record]:
    """Any record that may stand in a topic."""
    return st.sampled_from(RECORD_CLASSES).flatmap(records)


def any_event() -> st.SearchStrategy[Event]:
    """Any event."""
    return st.sampled_from(EVENT_CLASSES).flatmap(lambda cls: cast("st.SearchStrategy[Event]", records(cls)))


def _values(avro: Any) -> st.SearchStrategy[Any]:
    """What a field of the Avro type `avro` may hold, as the classes hold it."""
    if isinstance(avro, list):
        return st.one_of([_values(branch) for branch in avro])
    if isinstance(avro, dict):
        if avro["type"] == "array":
            return st.lists(_values(avro["items"]), max_size=4).map(tuple)
        return moments if avro.get("logicalType") == "timestamp-micros" else _values(avro["type"])
    return records(_CLASSES[avro]) if avro in _CLASSES else _PRIMITIVES[avro]()
