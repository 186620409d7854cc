"""The loop: take, write files, write their manifests, seal, commit."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Sequence

import structlog

from sinks.archive.chain import Objects
from sinks.archive.compaction import compacted
from sinks.archive.config import FileLimits
from sinks.archive.errors import ArchiveBroken, ArchiveUnavailable, ChainMoved
from sinks.archive.gaps import Gaps
from sinks.archive.manifest import Manifest
from sinks.archive.metrics import ArchiveMetrics
from sinks.archive.names import Place
from sinks.archive.opening import Log, Opening
from sinks.archive.partition import PartitionArchive
from sinks.archive.record import ArchivedMessage
from sinks.archive.sealing import Sealer
from sinks.archive.signing import PublicKeys, Signer

log = structlog.get_logger(__name__)
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 5.0
_TAKE, _IDLE_WAIT_S = 1000, 0.2
_MEND_EVERY_S = 30.0


class Archiver:
    """Archives every partition of some topics. One thread."""

    def __init__(
        self,
        *,
        topics: Sequence[str],
        compacted: Collection[str],
        reader: Log,
        store: Objects,
        signer: Signer,
        keys: PublicKeys,
        sealer: Sealer,
        limits: FileLimits,
        seal_s: float,
        metrics: ArchiveMetrics,
        wait: Callable[[float], bool],
    ) -> None:
        """`wait` sleeps so many seconds, and says whether a stop was asked for meanwhile.

        Raises ArchiveUnavailable.
        """
        self._reader = reader
        self._gaps = Gaps(compacted, metrics)
        self._store = store
        self._signer = signer
        self._keys = keys
        self._sealer = sealer
        self._limits = limits
        self._seal_s = seal_s
        self._metrics = metrics
        self._wait = wait
        self._opening = Opening(
            reader,
            reader.topic_ids(topics),
            store=store,
            signer=signer,
            keys=keys,
            limits=limits,
            metrics=metrics,
        )
        self._open: dict[Place, PartitionArchive] = {}
        self._faulty: set[Place] = set()
        self._unsealed = True  # what a process wrote that died before it sealed
        self._seal_at_s = 0.0
        self._mend_at_s = time.monotonic() + _MEND_EVERY_S
        self._reopen(reader.places(topics))

    def step(self) -> None:
        """Take what there is, write what is due, seal and commit. Waits for a store that is away."""
        self._add(self._reader.take(_TAKE, _IDLE_WAIT_S))
        self._settle_old()
        self._mend(self._reader.take_gone())
        self._seal_if_due()
        self._metrics.waiting = sum(archive.waiting for archive in self._open.values())

    def _add(self, taken: Sequence[tuple[Place, ArchivedMessage]]) -> None:
        # Of a partition that is opened again meanwhile, the rest was read from another offset.
        reading = dict(self._open)
        doubted: set[Place] = set()
        for place, message in taken:
            archive = self._open.get(place)
            if archive is None or archive is not reading[place] or place in doubted:
                continue
            if self._gaps.is_doubtful(place, archive.next_offset, message.offset):
                doubted.add(place)
                continue
            archive.add(message, time.monotonic())
            if archive.is_full():
                self._settle([place])
        self._mend(doubted)

    def _settle_old(self) -> None:
        """Where one partition's file has waited long enough, end those of all: so one seal covers them."""
        now_s = time.monotonic()
        if any(archive.is_old(now_s) for archive in self._open.values()):
            self._settle([place for place, archive in self._open.items() if archive.may_end])

    def finish(self) -> None:
        """Seal what is written. What is in no file yet is in Kafka, and comes again."""
        self._seal_at_s = 0.0
        self._seal_if_due()

    def _settle(self, places: Iterable[Place]) -> None:
        written = []
        for place in places:
            manifest = self._until_done(place)
            if manifest is not None:
                self._metrics.count(manifest.events, manifest.size_bytes)
                written.append((place, manifest.next_offset))
        if written:
            self._unsealed = True
            self._reader.commit(written)

    def _until_done(self, place: Place) -> Manifest | None:
        """Write the partition's file, however long the store is away; None where nothing was written."""
        pause_s = FIRST_PAUSE_S
        while (archive := self._open.get(place)) is not None:
            try:
                manifest = archive.close_file()
                if manifest is not None:
                    archive.end = compacted(self._store, self._signer, self._keys, archive.end, self._limits)
            except ArchiveUnavailable as error:
                self._metrics.errors += 1
                log.warning("archive_failed", place=str(place), error=str(error), again_in_s=pause_s)
                if self._wait(pause_s):
                    return None
                pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
            except ChainMoved as error:
                log.error("archive_chain_moved", place=str(place), object=str(error))
                self._mend({place})
            except ArchiveBroken as error:
                self._give_up(place, error)
            else:
                return manifest
        return None

    def _mend(self, gone: set[Place]) -> None:
        """Open again what has a fault, from time to time, and `gone` at once."""
        wanted = set(gone)
        if time.monotonic() >= self._mend_at_s:
            self._mend_at_s = time.monotonic() + _MEND_EVERY_S
            wanted |= self._faulty
        if not wanted:
            return
        try:
            self._reopen(sorted(wanted))
        except ArchiveUnavailable as error:
            log.warning("archive_failed", error=str(error))
            self._metrics.errors += 1
            for place in wanted:
                self._give_up(place, error)

    def _reopen(self, places: Sequence[Place]) -> None:
        for place in places:
            self._open.pop(place, None)
            self._faulty.discard(place)
            self._metrics.faults.pop(str(place), None)
            try:
                self._open[place] = self._opening.open(place)
            except ArchiveBroken as error:
                self._give_up(place, error)
        self._reader.read_from({place: archive.next_offset for place, archive in self._open.items()})

    def _give_up(self, place: Place, error: Exception) -> None:
        """Leave the partition alone for now, and say so: the others go on."""
        log.error("archive_stands", place=str(place), reason=str(error), again_in_s=_MEND_EVERY_S)
        self._open.pop(place, None)
        self._faulty.add(place)
        self._metrics.faults[str(place)] = str(error)

    def _seal_if_due(self) -> None:
        if not self._unsealed or time.monotonic() < self._seal_at_s:
            return
        try:
            seal = self._sealer.seal(archive.end for archive in self._open.values())
        except ArchiveUnavailable as error:
            self._metrics.errors += 1
            log.warning("seal_failed", error=str(error))
            return
        self._unsealed = False
        self._seal_at_s = time.monotonic() + self._seal_s
        if seal is not None:
            self._metrics.count_seal(seal.number)
