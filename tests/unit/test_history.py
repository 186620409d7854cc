"""History over archive and Kafka: every message once, in order, wherever it is; a gap is named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sinks.archive.chain import ChainEnd, read_end
from sinks.archive.errors import ArchiveBroken
from sinks.archive.names import Place, manifest_name
from sinks.archive.record import ArchivedMessage
from sinks.history.errors import HistoryGap
from sinks.history.ordering import Pace, in_order_of_time
from sinks.history.reading import History
from tests.archiving import KEYS, PLACE, TOPIC_ID, Bucket, archive_on, feed, message


class KeptLog:
    """Kafka as `LogReader` shows it: one partition with the offsets from `low` to before `high`."""

    def __init__(
        self, low: int, high: int, topic_id: str = TOPIC_ID, absent: frozenset[int] = frozenset()
    ) -> None:
        self.low, self.high, self.topic_id, self.absent = low, high, topic_id, absent
        self.at = 0
        self.deletes_up_to = low

    def topic_ids(self, _topics: Sequence[str]) -> Mapping[str, str]:
        return {PLACE.topic: self.topic_id}

    def places(self, _topics: Sequence[str]) -> list[Place]:
        return [PLACE]

    def bounds(self, _place: Place) -> tuple[int, int]:
        return self.low, self.high

    def read_from(self, offsets: Mapping[Place, int]) -> None:
        self.at = offsets[PLACE]

    def take(self, most: int, _timeout_s: float) -> list[tuple[Place, ArchivedMessage]]:
        if self.take_gone():
            return []
        taken = [one for one in range(self.at, self.high) if one not in self.absent][: min(most, 7)]
        self.at = taken[-1] + 1 if taken else self.high
        return [(PLACE, message(one)) for one in taken]

    def take_gone(self) -> set[Place]:
        return {PLACE} if self.at < self.deletes_up_to else set()

    def take_ended(self) -> set[Place]:
        return {PLACE} if self.at >= self.high or set(range(self.at, self.high)) <= self.absent else set()

    def close(self) -> None:
        """Nothing is open."""


def archived(*upto: int, low: int = 0) -> Bucket:
    """An archive that was written up to each of `upto` in turn; Kafka had nothing before `low`."""
    bucket = Bucket()
    for number, end in enumerate(upto):
        chain_end = read_end(bucket, PLACE, KEYS) if number else ChainEnd()
        archive = archive_on(bucket, chain_end, low=low, events=4)
        feed(archive, map(message, range(max(low, chain_end.next_offset), end)))
    return bucket


def read(bucket: Bucket, kafka: KeptLog, start: int, end: int) -> list[int]:
    """The offsets that are read, each with the message that it had."""
    history = History(lambda: kafka, bucket, KEYS)
    found = list(chain.from_iterable(history.read(PLACE, start, end)))
    assert found == [message(one.offset) for one in found]
    return [one.offset for one in found]


@given(st.data())
def test_every_message_of_any_stretch_is_read_once_wherever_the_seam_is(data: st.DataObject) -> None:
    high = data.draw(st.integers(1, 40))
    seam = data.draw(st.integers(0, high))
    kafka = KeptLog(data.draw(st.integers(0, seam)), high)
    bucket = archived(seam) if seam else Bucket()
    start = data.draw(st.integers(0, high))
    end = data.draw(st.integers(start, high))
    assert read(bucket, kafka, start, end) == list(range(start, end))
    assert History(lambda: kafka, bucket, KEYS).ends(PLACE) == (0, high)


def test_what_neither_has_is_named_and_nothing_is_read() -> None:
    with pytest.raises(HistoryGap, match="offsets 10 to 14"):
        read(archived(10), KeptLog(15, 30), 0, 30)
    assert read(archived(10), KeptLog(15, 30), 15, 30) == list(range(15, 30))
    assert read(archived(10), KeptLog(15, 30), 0, 10) == list(range(10))
    with pytest.raises(HistoryGap, match="offsets 0 to 4"):
        read(Bucket(), KeptLog(5, 9), 0, 9)


def test_what_kafka_had_deleted_before_it_was_archived_is_named() -> None:
    bucket = archived(30, low=12)
    with pytest.raises(HistoryGap, match="offsets 0 to 11: Kafka had deleted them"):
        read(bucket, KeptLog(20, 35), 0, 35)
    assert read(bucket, KeptLog(20, 35), 12, 35) == list(range(12, 35))


def test_a_topic_that_is_not_the_archived_one_is_refused() -> None:
    for kafka in (KeptLog(0, 30, topic_id="another"), KeptLog(0, 9)):
        with pytest.raises(HistoryGap, match="does not go on where the archive ends, at offset 10"):
            read(archived(10), kafka, 0, 9)


def test_an_archive_that_went_on_since_it_was_looked_at_is_looked_at_again() -> None:
    bucket, kafka = archived(10), KeptLog(5, 20)
    history = History(lambda: kafka, bucket, KEYS)
    assert len(list(chain.from_iterable(history.read(PLACE, 0, 20)))) == 20
    feed(archive_on(bucket, read_end(bucket, PLACE, KEYS), events=4), map(message, range(10, 20)))
    kafka.low = kafka.deletes_up_to = 18
    assert len(list(chain.from_iterable(history.read(PLACE, 0, 20)))) == 20


def test_what_kafka_deletes_while_it_is_read_is_said() -> None:
    kafka = KeptLog(0, 30)
    history = History(lambda: kafka, Bucket(), KEYS)
    batches = history.read(PLACE, 0, 30)
    next(batches)
    kafka.deletes_up_to = 20
    with pytest.raises(HistoryGap, match="Kafka has deleted offset 7 meanwhile"):
        list(batches)


def test_gaps_of_compaction_end_no_stretch() -> None:
    absent = frozenset({3, 4, 28, 29})
    assert read(Bucket(), KeptLog(0, 30, absent=absent), 0, 30) == [
        one for one in range(30) if one not in absent
    ]


def test_an_archive_that_was_tampered_with_is_not_read() -> None:
    for name in (manifest_name(PLACE, 2), f"archive/radstream.events.v1/0/{4:020d}-{7:020d}.avro"):
        bucket = archived(10)
        bucket.objects[name] = bucket.objects[name][:-9] + b"X" + bucket.objects[name][-8:]
        with pytest.raises(ArchiveBroken, match="radstream verify"):
            read(bucket, KeptLog(0, 12), 0, 12)


@given(st.lists(st.lists(st.integers(0, 50), max_size=12), max_size=5))
def test_partitions_become_one_stream_that_keeps_their_order_and_is_timely(streams: list[list[int]]) -> None:
    items = [
        [(number, place, at) for place, at in enumerate(stream)] for number, stream in enumerate(streams)
    ]
    merged = list(in_order_of_time(items, lambda item: item[2]))
    for number, stream in enumerate(items):
        assert [item for item in merged if item[0] == number] == stream
    if all(stream == sorted(stream) for stream in streams):
        assert [item[2] for item in merged] == sorted(chain.from_iterable(streams))


def test_time_passes_as_it_did_so_many_times_as_fast() -> None:
    now_s = 100.0
    slept: list[float] = []
    pace = Pace(60, lambda: now_s, slept.append)
    for at_s in (1_000, 1_060, 1_030, 1_600):
        pace.await_instant(at_s * 1_000_000)
    assert slept == [1.0, 0.5, 10.0]
