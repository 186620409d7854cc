"""Verifies the archive of an installation, and compares it with Kafka and ClickHouse."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field

import orjson

from runtime.analytics import analytics_client
from runtime.archive import archive_store_config, trusted_keys, witness_file
from runtime.archive_comparison import EventIds, compare_with_clickhouse
from runtime.installation import Installation
from runtime.lag import ARCHIVE_GROUP
from schemas.topics import COMPACTED
from sinks.archive.findings import Findings
from sinks.archive.kafka_comparison import KafkaComparison
from sinks.archive.keys import trusted
from sinks.archive.log_reader import LogReader
from sinks.archive.store import ArchiveStore
from sinks.archive.verification import Span, Tell, Walked, verify

_LOOKED_AFTER = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is verified. anchors: digests of seals by their numbers, from outside of the archive."""

    span: Span = field(default_factory=Span)
    anchors: Mapping[int, str] = field(default_factory=dict)
    extra_keys: tuple[bytes, ...] = ()
    compare: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What was found. kept: earlier versions, by their ids, that the store has of objects with a fault.
    in_clickhouse: events that were compared with it; seconds: how long all of it took."""

    found: Findings
    in_clickhouse: int
    kept: Mapping[str, Sequence[str]]
    seconds: float
    events_per_s: int


def verify_installation(installation: Installation, question: Question, tell: Tell) -> Verified:
    """Walk the archive. Raises ArchiveUnavailable, StackError, ValueError, ClickHouse's own errors."""
    began_s = time.monotonic()
    ids = EventIds()
    with closing(ArchiveStore(archive_store_config(installation))) as store:
        keys = trusted(store, [*trusted_keys(installation), *question.extra_keys])
        walked = verify(
            store,
            keys,
            span=question.span,
            anchors={**witnessed(installation), **question.anchors},
            tell=tell,
            on_message=ids.see if question.compare else None,
        )
        walked_s = time.monotonic() - began_s
        kept = _kept(store, walked.found)
        in_clickhouse = 0
        if question.compare:
            _compare_with_kafka(installation, store, walked, question.span)
            in_clickhouse = _compared(installation, ids, walked.found, question.span)
    return Verified(
        found=walked.found,
        in_clickhouse=in_clickhouse,
        kept=kept,
        seconds=time.monotonic() - began_s,
        events_per_s=int(walked.found.events / max(walked_s, 1e-9)),
    )


def _kept(store: ArchiveStore, found: Findings) -> dict[str, list[str]]:
    """Earlier versions of what has a fault: where locks held, the true one is among them."""
    names = dict.fromkeys(fault.name for fault in found.faults[:_LOOKED_AFTER])
    kept = {name: store.earlier_versions(name) for name in names}
    return {name: versions for name, versions in kept.items() if versions}


def _compare_with_kafka(installation: Installation, store: ArchiveStore, walked: Walked, span: Span) -> None:
    with closing(LogReader(installation.kafka_bootstrap, f"{ARCHIVE_GROUP}-verify")) as reader:
        KafkaComparison(store, reader, COMPACTED, walked.found).compare(walked.chains, span)


def _compared(installation: Installation, ids: EventIds, found: Findings, span: Span) -> int:
    """Ids are compared from a partition's beginning on, so not where only a part of it was read."""
    if span != Span():
        return 0
    with closing(analytics_client(installation)) as client:
        return compare_with_clickhouse(client, ids, found)


def witnessed(installation: Installation) -> dict[int, str]:
    """The last seal's digest by its number, as the archive's process wrote it down beside its secrets."""
    try:
        said = orjson.loads(witness_file(installation).read_bytes())
        return {int(said["number"]): str(said["sha256"])}
    except (OSError, orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        return {}
