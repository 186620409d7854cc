"""One partition: the log folded offline, beside what Kafka has of its exams."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field

from confluent_kafka import Message

from processors.fold import LogRecord, fold_batch
from processors.rebuild.config import WRITTEN, LogNotWhole, RebuildConfig
from processors.rebuild.event_log import EventLog
from processors.rebuild.shelf import Shelf, digest
from processors.rebuild.spans import SpanReader
from processors.state_codec import decode_state, encode_state
from processors.view import view_of
from processors.views import VIEWS
from schemas.codec import Codec
from schemas.topics import FOLD_CHANGELOG

OnEvents = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Difference:
    """What `topic` has to have of the exam `key`, and has not; None: nothing."""

    topic: str
    key: bytes
    value: bytes | None


@dataclass(slots=True)
class PartitionRebuild:
    """Reads on whenever it is asked; `offset` is where the log was folded to.

    reader: the topics that the fold writes. log: what it folds. wanted: whether a message is folded; None:
    every one is. rejected: messages of the log that are no events of an exam; the fold made dead letters of
    them.
    """

    number: int
    log: EventLog
    reader: SpanReader
    shelf: Shelf
    codec: Codec
    config: RebuildConfig
    wanted: Callable[[LogRecord], bool] | None = None
    offset: int = 0
    events: int = 0
    rejected: int = 0
    _read_to: dict[str, int] = field(default_factory=dict)

    def fold_on(self, said: OnEvents) -> set[bytes]:
        """Fold what the log has by now; the exams that it told of. Raises LogNotWhole, TopicGone.

        `said`: told how many events were folded, batch by batch.
        """
        low, end = self.log.ends(self.number)
        if low > self.offset:
            raise LogNotWhole(
                f"partition {self.number} of the log begins at {low}: its first messages are gone, so exams "
                "would lose what they told. `radstream rebuild` reads the archive, too; nothing was written"
            )
        touched: set[bytes] = set()
        for messages in self.log.read(self.number, self.offset, end):
            touched |= self.fold(messages)
            said(len(messages))
        self.offset = end
        self.shelf.put_states({}, end)
        return touched

    def fold(self, messages: Sequence[LogRecord]) -> set[bytes]:
        """Fold the next messages of the partition; the exams that they told of."""
        told = messages if self.wanted is None else filter(self.wanted, messages)
        folded = fold_batch(told, self.codec, lambda _, key: self.shelf.state(key))
        states = {key: encode_state(state) for (_, key), state in folded.states.items()}
        self.offset = messages[-1].offset + 1
        self.shelf.put_states(states, self.offset)
        self.events += len(messages)
        self.rejected += len(folded.rejected)
        return set(states)

    def look_on(self) -> set[bytes]:
        """Note what the fold has written by now; the exams that it wrote of. Raises TopicGone."""
        touched: set[bytes] = set()
        for topic in WRITTEN:
            low, end = self.reader.ends(topic, self.number)
            start = max(low, self._read_to.get(topic, 0))
            for messages in self.reader.read(topic, self.number, start, end):
                latest = {bytes(message.key() or b""): _value(message) for message in messages}
                self.shelf.put_seen(topic, latest)
                touched.update(latest)
            self._read_to[topic] = end
        return touched

    def all_keys(self) -> Iterator[bytes]:
        """Every exam that the log or a view has."""
        yield from self.shelf.keys()
        yield from self.shelf.strays()

    def differences(self, keys: Iterable[bytes], topics: Iterable[str]) -> Iterator[Difference]:
        """What `topics` do not have of `keys` as the log has it."""
        for key in keys:
            state = self.shelf.state(key)
            due = {} if state is None else self.due(state)
            for topic in topics:
                value, seen = due.get(topic), self.shelf.seen(topic, key)
                if seen != (None if value is None else digest(value)):
                    yield Difference(topic, key, value)

    def due(self, raw: bytes) -> dict[str, bytes]:
        """What the fold writes of an exam with this state."""
        view = view_of(decode_state(raw), self.config.clock_bounds)
        rows = {one.topic: self.codec.encode(one.row_of(view)) for one in VIEWS}
        return {FOLD_CHANGELOG: raw, **rows}


def _value(message: Message) -> bytes | None:
    value = message.value()
    return None if value is None else bytes(value)


@contextmanager
def opened_part(
    number: int,
    log: EventLog,
    reader: SpanReader,
    codec: Codec,
    config: RebuildConfig,
    *,
    wanted: Callable[[LogRecord], bool] | None = None,
) -> Iterator[PartitionRebuild]:
    """The partition on a shelf of its own, which goes on where a kept one was left."""
    with closing(Shelf(config.directory / str(number), WRITTEN, keep=config.keep)) as shelf:
        yield PartitionRebuild(number, log, reader, shelf, codec, config, wanted, shelf.offset())
