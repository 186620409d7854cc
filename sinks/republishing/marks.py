"""How a replayed message says that it is one: two extension attributes of CloudEvents 1.0. Pure.

Their names are lowercase letters and digits, as the specification wants them (section 3.1); the Kafka binding
puts `ce_` before them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sinks.archive.record import Header

RUN = "ce_radstreamreplay"
ORIGIN = "ce_radstreamorigin"


class Origin(NamedTuple):
    """Where a message stood in the topic that it was replayed from."""

    partition: int
    offset: int


def marked(headers: Sequence[Header], run_id: str, topic: str, origin: Origin) -> list[Header]:
    """The headers as they were, which replay it is, and where the message stood: `topic/partition/offset`."""
    place = f"{topic}/{origin.partition}/{origin.offset}"
    return [*headers, (RUN, run_id.encode()), (ORIGIN, place.encode())]


def origin_in(headers: Sequence[Header], run_id: str) -> Origin | None:
    """Where a message stood that this replay wrote; None where it did not write it."""
    said = dict(headers)  # ours stand last
    if said.get(RUN) != run_id.encode():
        return None
    place = (said.get(ORIGIN) or b"").decode("utf-8", "replace").rsplit("/", 2)
    return Origin(int(place[1]), int(place[2]))
