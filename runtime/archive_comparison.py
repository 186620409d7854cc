"""The archive beside ClickHouse: the events of each partition by their number and the digest of their ids."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from uuid import UUID

from clickhouse_connect.driver.client import Client

from schemas.topics import EVENTS, INSTANCES
from sinks.archive.findings import FaultKind, Findings
from sinks.archive.names import Place
from sinks.archive.record import ArchivedMessage

_TABLES = {EVENTS: "events", INSTANCES: "instances"}
_ID_HEADER = "ce_id"
_NAMED = 5
_PATIENCE_S, _AGAIN_AFTER_S = 15.0, 0.5
_SUMMED = """
SELECT count(), groupBitXor(reinterpretAsUInt64(reverse(left(id, 8)))),
groupBitXor(reinterpretAsUInt64(reverse(right(id, 8)))) FROM (
    SELECT DISTINCT UUIDStringToNum(toString(event_id)) AS id FROM {table:Identifier}
    WHERE kafka_topic = {topic:String} AND kafka_partition = {partition:UInt16} AND kafka_offset <
{end:UInt64} )
"""
_IDS = """
SELECT DISTINCT event_id FROM {table:Identifier}
WHERE kafka_topic = {topic:String} AND kafka_partition = {partition:UInt16} AND kafka_offset < {end:UInt64}
"""


@dataclass(slots=True)
class EventIds:
    """The ids of the archived events, by partition, and up to which offset. An event that was sent twice
    counts once.
    """

    ids: dict[Place, set[bytes]] = field(default_factory=dict)
    ends: dict[Place, int] = field(default_factory=dict)

    def see(self, place: Place, message: ArchivedMessage) -> None:
        """One message of the archive."""
        if place.topic not in _TABLES:
            return
        self.ends[place] = message.offset + 1
        seen = self.ids.setdefault(place, set())
        for name, value in message.headers:
            if name == _ID_HEADER and value is not None:
                with suppress(ValueError):  # not one of our events, whatever else it is
                    seen.add(UUID(value.decode("ascii", "replace")).bytes)


def compare_with_clickhouse(client: Client, archived: EventIds, found: Findings) -> int:
    """How many events were compared; what differs goes to `found`. Raises ClickHouse's own errors."""
    compared = 0
    for place, ids in sorted(archived.ids.items()):
        asked = {
            "table": _TABLES[place.topic],
            "topic": place.topic,
            "partition": place.partition,
            "end": archived.ends[place],
        }
        compared += len(ids)
        if _comes_to_be_equal(client, asked, _digest(ids)):
            continue
        there = {row[0].bytes for row in client.query(_IDS, parameters=asked).result_rows}
        missing, surplus = ids - there, there - ids
        found.fault(FaultKind.CLICKHOUSE, str(place), _difference(missing, surplus))
    return compared


def _comes_to_be_equal(client: Client, asked: Mapping[str, object], wanted: tuple[int, int, int]) -> bool:
    """The sink may be a little behind the archive: what is on its way to ClickHouse is waited for."""
    end_s = time.monotonic() + _PATIENCE_S
    while _summed(client, asked) != wanted:
        if time.monotonic() >= end_s:
            return False
        time.sleep(_AGAIN_AFTER_S)
    return True


def _summed(client: Client, asked: Mapping[str, object]) -> tuple[int, int, int]:
    count, high, low = client.query(_SUMMED, parameters=dict(asked)).result_rows[0]
    return int(count), int(high), int(low)


def _digest(ids: set[bytes]) -> tuple[int, int, int]:
    """Their number, and the exclusive-or of both halves of them: ids are hashes, so none hides another."""
    high = low = 0
    for one in ids:
        high ^= int.from_bytes(one[:8], "big")
        low ^= int.from_bytes(one[8:], "big")
    return len(ids), high, low


def _difference(missing: set[bytes], surplus: set[bytes]) -> str:
    named = ", ".join(str(UUID(bytes=one)) for one in sorted(missing or surplus)[:_NAMED])
    return f"{len(missing)} events are not in ClickHouse, {len(surplus)} are only there: {named}"
