"""History folded into states that stay on disk, and the states' rows into a generation's tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice

from clickhouse_connect.driver.client import Client

from processors.rebuild.config import TOPIC_OF_VIEW
from processors.rebuild.partition import PartitionRebuild
from runtime.lag import read_watermarks
from runtime.replay.generation import Generation
from schemas.codec import Codec
from sinks.clickhouse.generations.filling import GenerationFill

Tell = Callable[[str, int, int], None]
_AT_ONCE = 2_000


class Filling:
    """Fills one generation; where it was left, it goes on."""

    def __init__(
        self,
        generation: Generation,
        parts: Sequence[PartitionRebuild],
        client: Client,
        codec: Codec,
        *,
        bootstrap: str,
        tell: Tell,
    ) -> None:
        """`parts`: the log's partitions, on shelves that are kept."""
        self._generation = generation
        self._parts = parts
        self._bootstrap = bootstrap
        self._tell = tell
        self._topics = tuple(TOPIC_OF_VIEW[view] for view in generation.views)
        self._fills = {
            topic: GenerationFill(client, codec, topic, generation.number) for topic in self._topics
        }
        self._folded = 0

    def go_on(self) -> set[bytes]:
        """Fold what the log has by now, and write what changed; the exams that the log told of meanwhile.

        Raises RebuildFailed, SinkError, KafkaException, the driver's error.
        """
        ends = self.ends()
        left = sum(part.log.ends(part.number)[1] - part.offset for part in self._parts)
        total, moved = self._folded + max(left, 0), set[bytes]()

        def said(events: int) -> None:
            self._folded += events
            self._tell("events folded", self._folded, max(total, self._folded))

        for part in self._parts:
            moved |= part.fold_on(said)
        self.write(ends)
        return moved

    def ends(self) -> dict[str, dict[int, int]]:
        """Where the views' topics end: what stands there before was made from what the log has by now."""
        found: dict[str, dict[int, int]] = {topic: {} for topic in self._topics}
        for (topic, partition), end in read_watermarks(self._bootstrap, self._topics).ends.items():
            found[topic][partition] = end
        return found

    def write(self, ends: Mapping[str, Mapping[int, int]]) -> None:
        """Write the rows of the exams whose states changed. `ends` were asked for before the log was read."""
        total, done = sum(1 for part in self._parts for _ in part.shelf.unwritten()), 0
        for part in self._parts:
            for some in _portions(part.shelf.unwritten()):
                self._put(part, some, ends)
                part.shelf.note_written(some)
                done += len(some)
                self._tell("exams written", done, max(total, done))
        self._generation.ends = {topic: dict(of) for topic, of in ends.items()}

    def _put(
        self, part: PartitionRebuild, keys: Sequence[bytes], ends: Mapping[str, Mapping[int, int]]
    ) -> None:
        states = ((key, part.shelf.state(key)) for key in keys)
        due = [(key, part.due(state)) for key, state in states if state is not None]
        for topic, fill in self._fills.items():
            version = max(ends[topic].get(part.number, 0) - 1, 0)
            fill.put([(key, rows[topic]) for key, rows in due], version)


def _portions(keys: Iterator[bytes]) -> Iterator[list[bytes]]:
    while some := list(islice(keys, _AT_ONCE)):
        yield some
