"""One partition: the log folded offline, beside what Kafka has of its exams."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from confluent_kafka import Message

from processors.fold import LogMessage, fold_batch
from processors.rebuild.config import WRITTEN, LogNotWhole, RebuildConfig
from processors.rebuild.shelf import Shelf, digest
from processors.rebuild.spans import SpanReader
from processors.state_codec import decode_state, encode_state
from processors.view import view_of
from processors.views import VIEWS
from schemas.codec import Codec
from schemas.topics import EVENTS, FOLD_CHANGELOG

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

    rejected: messages of the log that are no events of an exam; the fold made dead letters of them.
    """

    number: int
    reader: SpanReader
    shelf: Shelf
    codec: Codec
    config: RebuildConfig
    offset: int = 0
    events: int = 0
    rejected: int = 0
    _read_to: dict[str, int] = field(default_factory=dict)

    def fold_on(self, said: OnEvents) -> set[bytes]:
        """Fold what the log has by now; the exams that it told of. Raises LogNotWhole, TopicGone.

        `said`: told how many events were folded, batch by batch.
        """
        low, end = self.reader.ends(EVENTS, self.number)
        if low > self.offset:
            raise LogNotWhole(
                f"{EVENTS}/{self.number} begins at {low}: its first messages are gone, so exams would lose "
                "what they told. Restore them first; nothing was written"
            )
        touched: set[bytes] = set()
        for messages in self.reader.read(EVENTS, self.number, self.offset, end):
            folded = fold_batch(map(_log_message, messages), self.codec, lambda _, key: self.shelf.state(key))
            states = {key: encode_state(state) for (_, key), state in folded.states.items()}
            self.shelf.put_states(states)
            touched.update(states)
            self.events += len(messages)
            self.rejected += len(folded.rejected)
            said(len(messages))
        self.offset = end
        return touched

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
            due = {} if state is None else self._due(state)
            for topic in topics:
                value, seen = due.get(topic), self.shelf.seen(topic, key)
                if seen != (None if value is None else digest(value)):
                    yield Difference(topic, key, value)

    def _due(self, raw: bytes) -> dict[str, bytes]:
        """What the fold writes of an exam with this state."""
        view = view_of(decode_state(raw), self.config.clock_bounds)
        rows = {one.topic: self.codec.encode(one.row_of(view)) for one in VIEWS}
        return {FOLD_CHANGELOG: raw, **rows}


def _log_message(message: Message) -> LogMessage:
    key = message.key()
    return LogMessage(
        int(message.partition() or 0),
        int(message.offset() or 0),
        None if key is None else bytes(key),
        _value(message),
    )


def _value(message: Message) -> bytes | None:
    value = message.value()
    return None if value is None else bytes(value)
