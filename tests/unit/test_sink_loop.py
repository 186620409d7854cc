"""The loop: an offset is committed after its batch is delivered, and only by whoever owns the partition."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import groupby, pairwise
from operator import attrgetter
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sinks.clickhouse.config import BatchLimits
from sinks.clickhouse.conversion import Conversion
from sinks.clickhouse.converted import Converted
from sinks.clickhouse.delivery import Delivery
from sinks.clickhouse.errors import Unavailable
from sinks.clickhouse.messages import Message, Messages, messages_of
from sinks.clickhouse.metrics import SinkMetrics
from sinks.clickhouse.sink import Sink
from sinks.clickhouse.subscription import Subscription

_TOPIC = "t"
_LIMITS = BatchLimits(age_s=0.01)


class ScriptedSubscription:
    """A consumer whose messages, and whose losses, come as the test says."""

    def __init__(self, messages: list[Message]) -> None:
        self.messages = messages
        self.owned = {(message.topic, message.partition) for message in messages}
        self.committed: dict[tuple[str, int], int] = {}
        self.paused = 0
        self.is_paused = False
        self.at_next_take: Callable[[], None] | None = None
        self.on_losing: Callable[[Collection[tuple[str, int]]], None] = lambda _losing: None
        self.on_lost: Callable[[Collection[tuple[str, int]]], None] = lambda _lost: None

    def take(self, most: int, most_bytes: int, timeout_s: float) -> Sequence[Messages]:  # noqa: ARG002 - the real one waits
        """The next messages unless paused; rebalances happen here."""
        if happens := self.at_next_take:
            self.at_next_take = None
            happens()
        if self.is_paused:
            return []
        taken, self.messages = self.messages[:most], self.messages[most:]
        return [messages_of(topic, of) for topic, of in groupby(taken, attrgetter("topic"))]

    def lose(self, partition: int) -> None:
        """The group gave `partition` to somebody else."""
        self.on_losing({(_TOPIC, partition)})
        self.owned.discard((_TOPIC, partition))
        self.on_lost({(_TOPIC, partition)})

    def pause(self) -> None:
        """Count it."""
        self.paused += 1
        self.is_paused = True

    def resume(self) -> None:
        """Go on."""
        self.is_paused = False

    def commit(self, topic: str, next_offsets: Mapping[int, int]) -> None:
        """Remember it."""
        assert {(topic, partition) for partition in next_offsets} <= self.owned
        self.committed |= {(topic, partition): offset for partition, offset in next_offsets.items()}

    def commit_rest(self) -> None:
        """Nothing is ever left."""

    def lag(self) -> dict[str, int]:
        """What is left."""
        return {_TOPIC: len(self.messages)}


class NoConversion:
    """Gives the batch as it is, after `failures` attempts."""

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures

    def convert(self, batch: Messages) -> Converted:
        """No rows: the deliveries of these tests look at the batch."""
        if self.failures:
            self.failures -= 1
            raise Unavailable("the registry is away")
        return Converted(batch, (), (), ())


class ScriptedDelivery:
    """Fails where the script says so, by the number of the attempt; `meanwhile` happens during each one."""

    def __init__(self, fails: Callable[[int], bool], meanwhile: Callable[[], None] = lambda: None) -> None:
        self.fails = fails
        self.meanwhile = meanwhile
        self.attempts: list[Messages] = []
        self.delivered: list[Message] = []

    def deliver(self, converted: Converted) -> None:
        """As the script says."""
        self.attempts.append(converted.batch)
        self.meanwhile()
        if self.fails(len(self.attempts)):
            raise Unavailable("away")
        self.delivered += converted.batch


def _first(failures: int) -> Callable[[int], bool]:
    return lambda attempt: attempt <= failures


def _messages(*places: tuple[int, int]) -> list[Message]:
    return [Message(_TOPIC, partition, offset, b"x") for partition, offset in places]


def _run(
    subscription: ScriptedSubscription,
    delivery: ScriptedDelivery,
    until: Callable[[], bool],
    limits: BatchLimits = _LIMITS,
    conversion: NoConversion | None = None,
) -> SinkMetrics:
    metrics = SinkMetrics()
    Sink(
        subscription=cast("Subscription", subscription),
        conversion=cast("Conversion", conversion or NoConversion()),
        delivery=cast("Delivery", delivery),
        limits=limits,
        metrics=metrics,
        stopping=until,
    ).run()
    return metrics


def test_a_batch_that_cannot_be_delivered_is_tried_again_as_it_is_before_anything_is_committed() -> None:
    subscription = ScriptedSubscription(_messages((0, 1), (1, 5), (0, 2)))
    delivery = ScriptedDelivery(_first(2), meanwhile=lambda: _assert_nothing(subscription.committed))
    metrics = _run(subscription, delivery, lambda: bool(subscription.committed))
    assert len(delivery.attempts) == 3
    assert delivery.attempts[0] is delivery.attempts[1] is delivery.attempts[2]
    assert subscription.committed == {(_TOPIC, 0): 3, (_TOPIC, 1): 6}
    assert subscription.paused == 2
    assert (metrics.errors, metrics.batches, metrics.last_batch_messages) == (2, 1, 3)
    assert metrics.last_error == "away"


def test_a_batch_whose_schema_cannot_be_fetched_waits_for_the_registry() -> None:
    subscription = ScriptedSubscription(_messages((0, 1)))
    delivery = ScriptedDelivery(_first(0))
    metrics = _run(subscription, delivery, lambda: bool(subscription.committed), conversion=NoConversion(2))
    assert delivery.delivered == _messages((0, 1))
    assert (metrics.errors, subscription.paused) == (2, 2)


def test_the_next_batch_is_taken_while_one_is_being_delivered_and_committed_after_it() -> None:
    subscription = ScriptedSubscription(_messages((0, 1), (0, 2)))
    second_taken = threading.Event()

    def wait_for_the_second() -> None:
        if len(delivery.attempts) == 1:
            assert second_taken.wait(30)

    class Noting(NoConversion):
        def convert(self, batch: Messages) -> Converted:
            if batch.origin.offsets[0] == 2:
                second_taken.set()
            return super().convert(batch)

    delivery = ScriptedDelivery(_first(0), wait_for_the_second)
    one_each = BatchLimits(rows=1, age_s=60)
    _run(subscription, delivery, lambda: not subscription.messages, one_each, Noting())
    assert delivery.delivered == _messages((0, 1), (0, 2))
    assert subscription.committed == {(_TOPIC, 0): 3}


def test_a_partition_lost_during_the_wait_is_neither_delivered_nor_committed() -> None:
    subscription = ScriptedSubscription(_messages((0, 1), (1, 5)))
    delivery = ScriptedDelivery(_first(1), lambda: _at_next_take(subscription, lambda: subscription.lose(1)))
    _run(subscription, delivery, lambda: bool(subscription.committed))
    assert delivery.delivered == _messages((0, 1))
    assert subscription.committed == {(_TOPIC, 0): 2}


def test_a_partition_that_is_lost_while_its_batch_is_being_delivered_is_committed_before_it_goes() -> None:
    subscription = ScriptedSubscription(_messages((0, 1), (1, 5)))
    losing = threading.Event()

    def lose() -> None:
        losing.set()
        subscription.lose(1)

    def meanwhile() -> None:
        subscription.at_next_take = lose
        assert losing.wait(30)

    delivery = ScriptedDelivery(_first(0), meanwhile)
    _run(subscription, delivery, losing.is_set)
    assert delivery.delivered == _messages((0, 1), (1, 5))
    assert subscription.committed == {(_TOPIC, 0): 2, (_TOPIC, 1): 6}
    assert subscription.owned == {(_TOPIC, 0)}


def test_when_all_partitions_of_a_batch_are_lost_it_is_given_up() -> None:
    subscription = ScriptedSubscription(_messages((0, 1)))
    delivery = ScriptedDelivery(_first(99), lambda: _at_next_take(subscription, lambda: subscription.lose(0)))
    _run(subscription, delivery, lambda: bool(delivery.attempts) and not subscription.owned)
    assert len(delivery.attempts) == 1
    assert subscription.committed == {}


@given(
    places=st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 2)), max_size=60),
    rows=st.integers(1, 6),
)
def test_every_message_that_was_taken_is_delivered_whatever_topics_come_mixed(
    places: list[tuple[str, int]], rows: int
) -> None:
    sent = [Message(topic, partition, offset, b"x") for offset, (topic, partition) in enumerate(places)]
    subscription, delivery = ScriptedSubscription(list(sent)), ScriptedDelivery(_first(0))
    _run(subscription, delivery, lambda: not subscription.messages, BatchLimits(rows=rows, age_s=60))
    assert sorted(delivery.delivered) == sorted(sent)


@given(
    places=st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 1)), min_size=1, max_size=30),
    rows=st.integers(1, 4),
    stop_at=st.integers(0, 8),
    works_again=st.integers(0, 3),
)
def test_wherever_a_stop_comes_nothing_is_committed_that_was_not_delivered(
    places: list[tuple[str, int]], rows: int, stop_at: int, works_again: int
) -> None:
    """ClickHouse is away when the stop comes, and may come back during it."""
    sent = [Message(topic, partition, offset, b"x") for offset, (topic, partition) in enumerate(places)]
    subscription = ScriptedSubscription(list(sent))
    delivery = ScriptedDelivery(lambda attempt: stop_at <= attempt < stop_at + works_again)

    def stops() -> bool:
        return len(delivery.attempts) >= stop_at or not subscription.messages

    _run(subscription, delivery, stops, BatchLimits(rows=rows, age_s=0))
    for message in sent:
        if message.offset < subscription.committed.get((message.topic, message.partition), 0):
            assert message in delivery.delivered


def test_a_stop_delivers_and_commits_what_is_held() -> None:
    subscription = ScriptedSubscription(_messages((0, 1), (0, 2)))
    delivery = ScriptedDelivery(_first(0))
    _run(subscription, delivery, lambda: not subscription.messages)
    assert subscription.committed == {(_TOPIC, 0): 3}


def test_a_stop_while_clickhouse_is_away_tries_once_and_commits_nothing() -> None:
    subscription = ScriptedSubscription(_messages((0, 1)))
    delivery = ScriptedDelivery(_first(99))
    _run(subscription, delivery, lambda: not subscription.messages)
    assert len(delivery.attempts) == 1
    assert subscription.committed == {}


def test_a_fault_of_the_delivery_ends_the_sink_and_commits_nothing() -> None:
    def fail() -> None:
        raise RuntimeError("a fault of ours")

    subscription = ScriptedSubscription(_messages((0, 1)))
    with pytest.raises(RuntimeError):
        _run(subscription, ScriptedDelivery(_first(0), fail), lambda: False)
    assert subscription.committed == {}


def test_lag_batches_and_errors_are_told_once_something_changed() -> None:
    subscription, told = ScriptedSubscription(_messages((0, 1), (0, 2))), list[Mapping[str, Any]]()
    Sink(
        subscription=cast("Subscription", subscription),
        conversion=cast("Conversion", NoConversion(1)),
        delivery=cast("Delivery", ScriptedDelivery(_first(1))),
        limits=_LIMITS,
        metrics=SinkMetrics(),
        stopping=lambda: bool(told) and told[-1]["batches"] > 0,
        tell=told.append,
    ).run()
    assert all(before != after for before, after in pairwise(told))
    last = told[-1]
    assert (last["batches"], last["messages"], last["errors"]) == (1, 2, 2)
    assert last["last_error"] == "away"
    assert last["lag"] == {_TOPIC: 0}


def _at_next_take(subscription: ScriptedSubscription, happens: Callable[[], None]) -> None:
    subscription.at_next_take = happens


def _assert_nothing(committed: Mapping[tuple[str, int], int]) -> None:
    assert committed == {}


def test_a_batch_that_waits_for_its_turn_is_not_delivered_before_the_one_that_failed() -> None:
    """A tombstone must not come to the tables before a row that it removes."""
    subscription = ScriptedSubscription(_messages((0, 1), (0, 2), (0, 3)))
    second_converted = threading.Event()

    class Noting(NoConversion):
        def convert(self, batch: Messages) -> Converted:
            if batch.origin.offsets[0] == 3:  # the second is under way behind the first
                second_converted.set()
            return super().convert(batch)

    def wait_for_the_second() -> None:
        if len(delivery.attempts) == 1:
            assert second_converted.wait(30)

    delivery = ScriptedDelivery(_first(1), wait_for_the_second)
    one_each = BatchLimits(rows=1, age_s=60)
    _run(subscription, delivery, lambda: len(subscription.committed) > 0, one_each, Noting())
    offsets = [batch.origin.offsets.tolist() for batch in delivery.attempts]
    assert offsets[:3] == [[1], [1], [2]]
    assert delivery.delivered == _messages((0, 1), (0, 2), (0, 3))[: len(delivery.delivered)]
