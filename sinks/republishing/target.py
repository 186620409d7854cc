"""The topic that is written to: whether it may be, how many partitions it has, and what of ours is in it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager

from schemas.topics import topic_specs
from sinks.archive.errors import ArchiveError
from sinks.archive.log_reader import LogReader
from sinks.archive.names import Place
from sinks.history.reading import from_kafka
from sinks.republishing.errors import ReplayFailed, ReplayRefused
from sinks.republishing.marks import Origin, origin_in

_OWN = frozenset(spec.name for spec in topic_specs(1))
_OWN_PREFIXES = ("radstream.", "radstream-", "__")
_GROUP = "radstream-replay"
# org.apache.kafka.common.internals.Topic
_NAME = re.compile(r"[A-Za-z0-9._-]{1,249}")


def require_foreign(topic: str) -> None:
    """Raises ReplayRefused where the topic is the project's own, or Kafka's, or its name is none."""
    if not _NAME.fullmatch(topic) or topic in (".", ".."):
        raise ReplayRefused(
            f"{topic!r} is no name for a topic: letters, digits, '.', '_' and '-' only, up to 249"
        )
    if topic in _OWN or topic.startswith(_OWN_PREFIXES):
        raise ReplayRefused(
            f"{topic} is radstream's own, or Kafka's: what is said there again would be said to everybody. "
            "Name a topic of the system that lost its data, whose name begins otherwise"
        )


def ends_of(bootstrap: str, topic: str, partitions: int) -> dict[int, int]:
    """Where each partition of the topic ends. Raises ReplayFailed."""
    with _reading(bootstrap) as reader, _as_failed():
        return {number: reader.bounds(Place(topic, number))[1] for number in range(partitions)}


def written_since(bootstrap: str, topic: str, positions: Mapping[int, int], run_id: str) -> set[Origin]:
    """What this run has written from `positions` on. Raises ReplayFailed."""
    found: set[Origin] = set()
    for number, position in positions.items():
        place = Place(topic, number)
        with _reading(bootstrap) as reader, _as_failed():
            low, end = reader.bounds(place)
            if max(low, position) < end:
                found |= set(_origins(reader, place, max(low, position), end, run_id))
    return found


def _origins(reader: LogReader, place: Place, start: int, end: int, run_id: str) -> Iterator[Origin]:
    for messages in from_kafka(reader, place, start, end):
        for message in messages:
            origin = origin_in(message.headers, run_id)
            if origin is not None:
                yield origin


def _reading(bootstrap: str) -> closing[LogReader]:
    return closing(LogReader(bootstrap, _GROUP, tells_ends=True))


@contextmanager
def _as_failed() -> Iterator[None]:
    try:
        yield
    except ArchiveError as error:
        raise ReplayFailed(f"{error}: run the same command again") from error
