"""The loop: an offset is committed after its batch is delivered, and only by whoever owns the partition."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import cast

from hypothesis import given
from hypothesis import strategies as st

from sinks.clickhouse.batch import Batch, Message
from sinks.clickhouse.config import BatchLimits
from sinks.clickhouse.delivery import Delivery
from sinks.clickhouse.errors import Unavailable
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
        self.committed: dict[int, int] = {}
        self.paused = 0
        self.is_paused = False
        self.on_lost: Callable[[Collection[tuple[str, int]]], None] = lambda _lost: None

    def take(self, timeout_s: float) -> Message | None:  # noqa: ARG002 - the real one waits
        """The next message unless paused."""
        return None if self.is_paused or not self.messages else self.messages.pop(0)

    def lose(self, partition: int) -> None:
        """The group gave `partition` to somebody else."""
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
        if topic == _TOPIC:
            self.committed.update(next_offsets)

    def commit_rest(self) -> None:
        """Nothing is ever left."""

    def lag(self) -> dict[str, int]:
        """None."""
        return {}


class ScriptedDelivery:
    """Delivers after `failures` attempts; `meanwhile` happens during each failed one."""

    def __init__(self, failures: int, meanwhile: Callable[[], None] = lambda: None) -> None:
        self.failures = failures
        self.meanwhile = meanwhile
        self.attempts: list[Batch] = []
        self.delivered: list[Message] = []

    def deliver(self, batch: Batch) -> None:
        """As the script says."""
        self.attempts.append(batch)
        if len(self.attempts) <= self.failures:
            self.meanwhile()
            raise Unavailable("away")
        self.delivered += batch.messages


def _messages(*places: tuple[int, int]) -> list[Message]:
    return [Message(_TOPIC, partition, offset, b"x") for partition, offset in places]


def _run(
    subscription: ScriptedSubscription,
    delivery: ScriptedDelivery,
    until: Callable[[], bool],
    limits: BatchLimits = _LIMITS,
) -> SinkMetrics:
    metrics = SinkMetrics()
    Sink(
        subscription=cast("Subscription", subscription),
        delivery=cast("Delivery", delivery),
        limits=limits,
        metrics=metrics,
        stopping=until,
    ).run()
    return metrics


def test_a_batch_that_cannot_be_delivered_is_tried_again_as_it_is_before_anything_is_committed() -> None:
    subscription = ScriptedSubscription(_messages((0, 1), (1, 5), (0, 2)))
    delivery = ScriptedDelivery(failures=2, meanwhile=lambda: _assert_nothing(subscription.committed))
    metrics = _run(subscription, delivery, lambda: bool(subscription.committed))
    assert len(delivery.attempts) == 3
    assert delivery.attempts[0] == delivery.attempts[1] == delivery.attempts[2]
    assert subscription.committed == {0: 3, 1: 6}
    assert subscription.paused == 2
    assert (metrics.errors, metrics.batches) == (2, 1)


def test_a_partition_lost_during_the_wait_is_neither_delivered_nor_committed() -> None:
    subscription = ScriptedSubscription(_messages((0, 1), (1, 5)))
    delivery = ScriptedDelivery(failures=1, meanwhile=lambda: subscription.lose(1))
    _run(subscription, delivery, lambda: bool(subscription.committed))
    assert delivery.delivered == _messages((0, 1))
    assert subscription.committed == {0: 2}


def test_when_all_partitions_of_a_batch_are_lost_it_is_given_up() -> None:
    subscription = ScriptedSubscription(_messages((0, 1)))
    delivery = ScriptedDelivery(failures=99, meanwhile=lambda: subscription.lose(0))
    _run(subscription, delivery, lambda: bool(delivery.attempts) and not subscription.is_paused)
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
    subscription, delivery = ScriptedSubscription(list(sent)), ScriptedDelivery(failures=0)
    _run(subscription, delivery, lambda: not subscription.messages, BatchLimits(rows=rows, age_s=60))
    assert sorted(delivery.delivered) == sorted(sent)


def test_a_stop_delivers_and_commits_what_is_held() -> None:
    subscription = ScriptedSubscription(_messages((0, 1), (0, 2)))
    delivery = ScriptedDelivery(failures=0)
    _run(subscription, delivery, lambda: not subscription.messages)
    assert subscription.committed == {0: 3}


def test_a_stop_while_clickhouse_is_away_tries_once_and_commits_nothing() -> None:
    subscription = ScriptedSubscription(_messages((0, 1)))
    delivery = ScriptedDelivery(failures=99)
    _run(subscription, delivery, lambda: not subscription.messages)
    assert len(delivery.attempts) == 1
    assert subscription.committed == {}


def _assert_nothing(committed: dict[int, int]) -> None:
    assert committed == {}
