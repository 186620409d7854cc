"""The archive beside what Kafka still has: message by message, by their leaf hashes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from sinks.archive.chain import Objects
from sinks.archive.chain_check import Link
from sinks.archive.container import messages_in
from sinks.archive.errors import ArchiveBroken, ArchiveUnavailable
from sinks.archive.file_check import living, with_files
from sinks.archive.findings import FaultKind, Findings
from sinks.archive.log_reader import LogReader
from sinks.archive.manifest import Manifest
from sinks.archive.merkle import leaf_hash
from sinks.archive.names import Place
from sinks.archive.record import ArchivedMessage, encode
from sinks.archive.verification import Span

_TAKE, _WAIT_S, _PATIENCE = 2000, 0.1, 300


class KafkaComparison:
    """Compares partition by partition. `compacted`: topics from which Kafka takes messages as it likes."""

    def __init__(
        self,
        store: Objects,
        reader: LogReader,
        compacted: Collection[str],
        found: Findings,
    ) -> None:
        self._store = store
        self._reader = reader
        self._compacted = compacted
        self._found = found
        self._read = -1

    def compare(self, chains: Mapping[Place, Sequence[Link]], span: Span) -> None:
        """Every message that Kafka and the files in `span` both cover. Raises ArchiveUnavailable."""
        for place, chain in chains.items():
            manifests = list(filter(span.concerns, living(chain)))
            low, high = self._reader.bounds(place)
            if chain and chain[-1].manifest and chain[-1].manifest.next_offset > high:
                self._found.fault(FaultKind.KAFKA, str(place), f"Kafka ends at {high}, before the archive")
                continue
            wanted = [manifest for manifest in manifests if manifest.last >= low]
            if wanted:
                self._compare_place(place, wanted, low, high)

    def _compare_place(self, place: Place, manifests: Sequence[Manifest], low: int, high: int) -> None:
        self._reader.read_from({place: max(low, manifests[0].first)})
        self._read = -1
        waiting: list[ArchivedMessage] = []
        for manifest, content in with_files(self._store, manifests):
            waiting += self._read_up_to(place, min(manifest.last, high - 1))
            here = {one.offset: leaf_hash(encode(one)) for one in waiting if one.offset <= manifest.last}
            waiting = [one for one in waiting if one.offset > manifest.last]
            if content is not None:
                self._compare_file(manifest, content, here, low)

    def _read_up_to(self, place: Place, last: int) -> list[ArchivedMessage]:
        """What Kafka has up to that offset and perhaps more, from where the last call ended."""
        read: list[ArchivedMessage] = []
        patience = _PATIENCE
        while self._read < last and patience:
            taken = [message for _, message in self._reader.take(_TAKE, _WAIT_S)]
            patience = _PATIENCE if taken else patience - 1
            if taken:
                self._read = taken[-1].offset
            read += taken
        if self._read < last:
            raise ArchiveUnavailable(f"Kafka gives nothing of {place} between {self._read} and {last}")
        return read

    def _compare_file(self, manifest: Manifest, content: bytes, here: Mapping[int, bytes], low: int) -> None:
        """Kafka's messages against the file's; a file that is torn was said already."""
        try:
            archived = {one.offset: leaf_hash(record) for one, record in messages_in(content)}
        except ArchiveBroken:
            return
        self._found.compared += len(here)
        keeps_all = manifest.topic not in self._compacted
        wrong = [offset for offset, leaf in here.items() if archived.get(offset) != leaf]
        if keeps_all:
            wrong += [offset for offset in archived if offset >= low and offset not in here]
        if wrong:
            what = f"{len(wrong)} messages are not as Kafka has them"
            self._found.fault(FaultKind.KAFKA, manifest.file, what, min(wrong))
