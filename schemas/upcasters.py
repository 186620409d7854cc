"""Upcasters: what a value meant then, said as it is meant today. Pure functions, one per change of meaning.

Avro's schema resolution adds fields and fills in defaults; it cannot know that a value means another thing
than before (seconds became minutes, a code of one table became one of another). Such a contract gets the
attribute `"meaning"`, a number that is 1 where it is not given, raised by one; and here the function that
turns a record of the meaning before into one of the next. The codec applies them to what older writers
wrote. `python -m schemas.evolution` refuses a meaning without its upcaster.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from schemas.contracts import contracts
from schemas.errors import NewerRecord

# Takes a record as today's contract has its fields, with values as they were meant; changes nothing in place.
Upcaster = Callable[[Mapping[str, Any]], Mapping[str, Any]]

# By full record name, and the meaning that it starts from. No value has changed its meaning so far.
UPCASTERS: Mapping[tuple[str, int], Upcaster] = {}


def meaning_of(schema: Mapping[str, Any]) -> int:
    """Which meaning of its values a schema has: counted from 1."""
    return int(schema.get("meaning", 1))


def upcast(name: str, writer_schema: Mapping[str, Any], record: Mapping[str, Any]) -> Mapping[str, Any]:
    """`record`, resolved to today's contract, with its values as they are meant today.

    Raises NewerRecord where the writer meant something that this version does not know.
    """
    written, wanted = meaning_of(writer_schema), meaning_of(contracts()[name])
    if written > wanted:
        raise NewerRecord(f"{name} with meaning {written} of its values: this version knows {wanted}")
    for meaning in range(written, wanted):
        record = UPCASTERS[name, meaning](record)
    return record
