"""Batches: nothing twice, nothing lost, and a token that names exactly what is in them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sinks.clickhouse.batch import Batcher, insert_token
from sinks.clickhouse.config import BatchLimits
from sinks.clickhouse.messages import Message, messages_of


def _message(topic: str = "t", partition: int = 0, offset: int = 0, size: int = 1) -> Message:
    return Message(topic, partition, offset, b"x" * size)


def _add(batcher: Batcher, message: Message, now_s: float) -> None:
    batcher.add(messages_of(message.topic, [message]), now_s)


@st.composite
def streams(draw: st.DrawFn) -> list[Message]:
    """What a consumer gives: offsets grow within each partition, with gaps."""
    places = draw(
        st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 2), st.integers(1, 3)), max_size=60)
    )
    offsets: dict[tuple[str, int], int] = {}
    stream = []
    for topic, partition, step in places:
        offset = offsets.get((topic, partition), 0) + step
        offsets[topic, partition] = offset
        stream.append(_message(topic, partition, offset))
    return stream


@given(stream=streams(), rows=st.integers(1, 5), ages=st.lists(st.floats(0, 1), min_size=60, max_size=60))
def test_every_message_is_in_one_batch_and_each_partition_keeps_its_order(
    stream: list[Message], rows: int, ages: list[float]
) -> None:
    batcher = Batcher(BatchLimits(rows=rows, age_s=0.5))
    now, taken = 0.0, []
    for message, age in zip(stream, ages, strict=False):
        now += age
        _add(batcher, message, now)
        taken += batcher.take_due(now)
    taken += batcher.take_all()
    assert all(message.topic == batch.topic for batch in taken for message in batch)
    for place in {(message.topic, message.partition) for message in stream}:
        of_place = [m for batch in taken for m in batch if (m.topic, m.partition) == place]
        assert of_place == [m for m in stream if (m.topic, m.partition) == place]


@given(stream=streams(), lost=st.sets(st.tuples(st.sampled_from("ab"), st.integers(0, 2))))
def test_a_lost_partition_leaves_nothing_behind_and_takes_nothing_else_away(
    stream: list[Message], lost: set[tuple[str, int]]
) -> None:
    batcher = Batcher(BatchLimits())
    for message in stream:
        _add(batcher, message, 0.0)
    batcher.drop(lost)
    kept = [message for batch in batcher.take_all() for message in batch]
    assert sorted(kept) == sorted(m for m in stream if (m.topic, m.partition) not in lost)


def test_a_batch_is_due_at_its_age_counted_from_its_first_message() -> None:
    batcher = Batcher(BatchLimits(age_s=0.25))
    assert batcher.wait_s(10.0) is None
    _add(batcher, _message(offset=1), 10.0)
    _add(batcher, _message(offset=2), 10.2)
    assert batcher.take_due(10.24) == []
    assert batcher.wait_s(10.0) == 0.25
    assert batcher.wait_s(11.0) == 0.0
    (batch,) = batcher.take_due(10.25)
    assert [message.offset for message in batch] == [1, 2]
    assert batcher.take_due(99.0) == []


def test_a_batch_is_due_at_its_rows() -> None:
    batcher = Batcher(BatchLimits(rows=2))
    _add(batcher, _message(offset=1), 0.0)
    assert batcher.take_due(0.0) == []
    _add(batcher, _message(partition=1, offset=1), 0.0)
    assert len(batcher.take_due(0.0)) == 1


def test_a_batch_is_due_at_its_bytes() -> None:
    batcher = Batcher(BatchLimits(bytes=10))
    _add(batcher, _message(offset=1, size=9), 0.0)
    assert batcher.take_due(0.0) == []
    _add(batcher, _message(offset=2, size=1), 0.0)
    assert len(batcher.take_due(0.0)) == 1


def test_the_oldest_batch_comes_first() -> None:
    batcher = Batcher(BatchLimits(age_s=1))
    _add(batcher, _message("young"), 2.0)
    _add(batcher, _message("old"), 1.0)
    assert [batch.topic for batch in batcher.take_due(5.0)] == ["old", "young"]


def test_a_token_names_topic_partitions_and_first_and_last_offsets() -> None:
    rows = [_message("t", 1, 5), _message("t", 0, 10), _message("t", 1, 9), _message("t", 0, 12)]
    assert insert_token("id", messages_of("t", rows).origin) == "t:0:10-12*2,1:5-9*2@id"


@given(stream=streams().filter(bool))
def test_the_same_batch_has_the_same_token_and_another_topic_of_that_name_has_not(
    stream: list[Message],
) -> None:
    said, again = messages_of("t", stream).origin, messages_of("t", stream).origin
    assert insert_token("id", said) == insert_token("id", again)
    assert insert_token("id", said) != insert_token("made-anew", said)


def test_the_offset_to_commit_is_the_one_after_the_last_of_each_partition() -> None:
    batch = messages_of("t", (_message("t", 0, 3), _message("t", 1, 8), _message("t", 0, 7)))
    assert batch.origin.next_offsets() == {0: 8, 1: 9}
    assert batch.without({("t", 0), ("other", 1)}).origin.next_offsets() == {1: 9}
