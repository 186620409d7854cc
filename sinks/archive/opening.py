"""Opens the archive of a partition: where its chain ends, and whether Kafka goes on from there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import structlog

from sinks.archive.chain import Objects, read_end
from sinks.archive.config import FileLimits
from sinks.archive.errors import ArchiveBroken
from sinks.archive.metrics import ArchiveMetrics
from sinks.archive.names import Place
from sinks.archive.partition import PartitionArchive
from sinks.archive.record import ArchivedMessage
from sinks.archive.signing import PublicKeys, Signer

log = structlog.get_logger(__name__)


class Log(Protocol):
    """Kafka (`sinks.archive.log_reader.LogReader`)."""

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

    def commit(self, offsets: Sequence[tuple[Place, int]], /) -> None:
        """Say how far the archive is."""


class Opening:
    """Opens partitions, again and again where that is needed."""

    def __init__(
        self,
        reader: Log,
        topic_ids: Mapping[str, str],
        *,
        store: Objects,
        signer: Signer,
        keys: PublicKeys,
        limits: FileLimits,
        metrics: ArchiveMetrics,
    ) -> None:
        self._reader = reader
        self._topic_ids = topic_ids
        self._store = store
        self._signer = signer
        self._keys = keys
        self._limits = limits
        self._metrics = metrics

    def open(self, place: Place) -> PartitionArchive:
        """The partition's archive. What Kafka has deleted before it was archived is told of.

        Raises ArchiveUnavailable, and ArchiveBroken where Kafka's partition is not the one that was archived.
        """
        end = read_end(self._store, place, self._keys)
        low, high = self._reader.bounds(place)
        topic_id = self._topic_ids[place.topic]
        if end.manifest is not None and (end.manifest.topic_id != topic_id or end.next_offset > high):
            raise ArchiveBroken(
                f"{place} of Kafka is not what was archived up to offset {end.next_offset}: its topic "
                "was made anew or lost its end; give the archive another bucket (RADSTREAM_ARCHIVE_BUCKET)"
            )
        archive = PartitionArchive(
            place,
            end,
            low=low,
            topic_id=topic_id,
            store=self._store,
            signer=self._signer,
            limits=self._limits,
        )
        if archive.lost is not None:
            first, last = archive.lost
            log.error("archive_lost", place=str(place), first=first, last=last, what="Kafka had deleted them")
            self._metrics.lost.append(f"{place}: {first}-{last}")
        return archive
