"""Reads any stretch of a partition's history, wherever its parts are."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from hashlib import sha256
from typing import Protocol

from sinks.archive.chain import Objects
from sinks.archive.chain_check import read_chain
from sinks.archive.container import messages_in
from sinks.archive.errors import ArchiveBroken, ArchiveUnavailable, ObjectMissing
from sinks.archive.file_check import living, with_files
from sinks.archive.findings import Findings
from sinks.archive.manifest import Manifest
from sinks.archive.names import Place, manifests_of, number_in
from sinks.archive.record import ArchivedMessage
from sinks.archive.signing import PublicKeys
from sinks.history.errors import HistoryGap
from sinks.history.seam import Archived, Kept, first_offset, whole

_TAKE, _WAIT_S, _PATIENCE_S = 5000, 0.2, 30.0
Messages = list[ArchivedMessage]


class KafkaLog(Protocol):
    """Kafka (`sinks.archive.log_reader.LogReader`, made to tell where a partition ends)."""

    def topic_ids(self, topics: Sequence[str], /) -> Mapping[str, str]:
        """Kafka's id of each topic."""

    def places(self, topics: Sequence[str], /) -> list[Place]:
        """Every partition of the topics."""

    def bounds(self, place: Place, /) -> tuple[int, int]:
        """The first offset that there is, and the next that there will be."""

    def read_from(self, offsets: Mapping[Place, int], /) -> None:
        """From now on read exactly these partitions, each from its offset."""

    def take(self, most: int, timeout_s: float, /) -> list[tuple[Place, ArchivedMessage]]:
        """What came."""

    def take_gone(self) -> set[Place]:
        """Partitions in which the offset that is wanted is gone."""

    def take_ended(self) -> set[Place]:
        """Partitions that were read up to their end."""

    def close(self) -> None:
        """Let go of the connections."""


class History:
    """The history of an installation's topics. One thread; what `read` gives may be read side by side."""

    def __init__(self, connect: Callable[[], KafkaLog], store: Objects, keys: PublicKeys) -> None:
        """`connect`: one connection for each partition that is read. `store`, `keys`: the archive's."""
        self._connect = connect
        self._kafka = connect()
        self._store = store
        self._keys = keys
        self._archived: dict[Place, Archived] = {}
        self._topic_ids: dict[str, str] = {}

    def places(self, topic: str) -> list[Place]:
        """The topic's partitions. Raises ArchiveUnavailable."""
        return self._kafka.places([topic])

    def ends(self, place: Place) -> tuple[int, int]:
        """The first offset that there is, in the archive or in Kafka, and the next that there will be.

        Raises ArchiveUnavailable, ArchiveBroken.
        """
        kept = self._kept(place)
        return first_offset(self._archive_of(place), kept), kept.high

    def read(self, place: Place, start: int, end: int) -> Iterator[Messages]:
        """The messages from offset `start` to before `end`, each once, in their order, in batches.

        Raises HistoryGap, before the first message, where some are nowhere; ArchiveBroken where a file is not
        what its manifest says; ArchiveUnavailable.
        """
        if start >= end:
            return
        kept = self._kept(place)
        if self._archive_of(place).next_offset < min(end, kept.low):
            self._archived.pop(place)  # the archive may have gone on since it was looked at
        stretches = whole(place, self._archive_of(place), kept, start, end)
        for manifest, content in with_files(self._store, stretches.files):
            if part := [one for one in _messages(manifest, content) if start <= one.offset < end]:
                yield part
        if stretches.kafka_from is not None:
            with closing(self._connect()) as kafka:
                yield from from_kafka(kafka, place, stretches.kafka_from, end)

    def close(self) -> None:
        """Let go of Kafka. The store is its owner's."""
        self._kafka.close()

    def _kept(self, place: Place) -> Kept:
        low, high = self._kafka.bounds(place)
        if place.topic not in self._topic_ids:
            self._topic_ids |= self._kafka.topic_ids([place.topic])
        return Kept(low, high, self._topic_ids[place.topic])

    def _archive_of(self, place: Place) -> Archived:
        if place not in self._archived:
            self._archived[place] = archived_of(self._store, place, self._keys)
        return self._archived[place]


def archived_of(store: Objects, place: Place, keys: PublicKeys) -> Archived:
    """What the archive has of a partition; each manifest is checked, its signature and the one before.

    Raises ArchiveBroken, ArchiveUnavailable.
    """
    found = Findings()
    try:
        length = max((number_in(name) for name in store.names(manifests_of(place))), default=0)
    except ObjectMissing:
        return Archived()  # there is no bucket: nothing was ever archived
    chain = read_chain(store, place, length, keys, found)
    if found.faults:
        fault = found.faults[0]
        raise ArchiveBroken(f"{fault.name}: {fault.what}. `radstream verify` says what else is wrong")
    return Archived.of([one.manifest for one in chain if one.manifest is not None], living(chain))


def _messages(manifest: Manifest, content: bytes | None) -> Iterator[ArchivedMessage]:
    if content is None or sha256(content).hexdigest() != manifest.sha256:
        raise ArchiveBroken(f"{manifest.file} is not what its manifest says: see `radstream verify`")
    return (message for message, _ in messages_in(content))


def from_kafka(kafka: KafkaLog, place: Place, start: int, end: int) -> Iterator[Messages]:
    """The messages that Kafka has from offset `start` to before `end`, in batches.

    Raises HistoryGap where it no longer has the first, ArchiveUnavailable where it gives nothing.
    """
    kafka.read_from({place: start})
    at, patient_until_s = start, time.monotonic() + _PATIENCE_S
    while at < end:
        taken = [message for _, message in kafka.take(_TAKE, _WAIT_S)]
        if place in kafka.take_gone():
            raise HistoryGap(f"{place}: Kafka has deleted offset {at} meanwhile. Run the same command again")
        if part := [one for one in taken if one.offset < end]:
            yield part
        if taken:
            at, patient_until_s = taken[-1].offset + 1, time.monotonic() + _PATIENCE_S
        # Compaction and transactions leave gaps at the end as well: where Kafka ends tells, not the count.
        if place in kafka.take_ended():
            at = end
        elif time.monotonic() > patient_until_s:
            raise ArchiveUnavailable(f"Kafka gives nothing of {place} at {at}, though it ends at {end}")
