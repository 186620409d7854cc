"""A sink in the test's own process that ends at a line of its code, as if it had been killed there.

The broker, the registry and the engine are real, and so is what the sink left in them. Instead of joining the
group anew, which takes longer than all else, the next sink is given the partitions at the group's committed
offsets: what a restarted process begins with.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, Literal, NamedTuple, cast

import pyarrow as pa
from confluent_kafka import Consumer, TopicPartition

from sinks.clickhouse.config import BatchLimits
from sinks.clickhouse.conversion import Conversion
from sinks.clickhouse.delivery import Delivery
from sinks.clickhouse.errors import Unavailable
from sinks.clickhouse.inserting import Inserter
from sinks.clickhouse.letters import LetterBox
from sinks.clickhouse.metrics import SinkMetrics
from sinks.clickhouse.rows import TABLE_BY_TOPIC
from sinks.clickhouse.sink import Sink
from sinks.clickhouse.subscription import Partition, Subscription
from sinks.clickhouse.table import Table
from tests.sink_trial import Trial

_ROOM = Path(__file__).parents[1] / "sinks" / "clickhouse"
# What leaves something behind. The rest is pure: to end in it is to end at the line here that calls it.
_LOOP = frozenset(
    str(_ROOM / f"{name}.py")
    for name in ("sink", "under_way", "subscription", "delivery", "refusals", "inserting", "letters")
)


class Killed(BaseException):
    """The process is gone."""


class Line(NamedTuple):
    """A line of the loop, and whether the batch's rows were in ClickHouse when it was reached first."""

    file: str
    number: int
    is_inserted: bool


@dataclass(slots=True)
class Tracer:
    """Notes every line of the loop that is reached, and ends the sink at one of them."""

    kill_at: Line | None = None
    reached: dict[Line, None] = field(default_factory=dict)
    is_inserted: bool = False
    has_killed: bool = False

    @contextmanager
    def tracing(self) -> Iterator[None]:
        """In this thread, and in those that begin inside the block."""
        former = sys.gettrace(), threading.gettrace()
        threading.settrace(self._call)
        sys.settrace(self._call)
        try:
            yield
        finally:
            sys.settrace(former[0])
            threading.settrace(cast("Any", former[1]))

    def _call(self, frame: FrameType, _event: str, _argument: object) -> Callable[..., Any] | None:
        return self._line if frame.f_code.co_filename in _LOOP else None

    def _line(self, frame: FrameType, event: str, _argument: object) -> Callable[..., Any]:
        if event == "line":
            line = Line(frame.f_code.co_filename, frame.f_lineno, self.is_inserted)
            self.reached[line] = None
            if line == self.kill_at or self.has_killed:
                self.has_killed = True  # and no thread goes on
                raise Killed
        return self._line


@dataclass(frozen=True, slots=True)
class LosingAnswers:
    """The real inserter; as often as it is told, ClickHouse has done it and its answer is lost."""

    inserter: Inserter
    tracer: Tracer
    losses: list[None]

    def insert(self, table: Table, rows: pa.Table, token: str) -> None:
        """As Inserter."""
        self.inserter.insert(table, rows, token)
        self.tracer.is_inserted = True
        if self.losses:
            self.losses.pop()
            raise Unavailable("the answer was lost")

    def remove(self, table: Table, exam_id: str, offset: int) -> None:
        """As Inserter."""
        self.inserter.remove(table, exam_id, offset)


class Assigned:
    """A consumer to whom all partitions belong, from where the group has committed."""

    def __init__(
        self, consumer: Consumer, places: Sequence[TopicPartition], done: dict[Partition, int]
    ) -> None:
        self._consumer = consumer
        self._places = places
        self._done = done
        self.poll, self.consume = consumer.poll, consumer.consume
        self.pause, self.resume = consumer.pause, consumer.resume
        self.get_watermark_offsets = consumer.get_watermark_offsets

    def subscribe(self, _topics: Sequence[str], *, on_assign: Callable[..., None], **_others: Any) -> None:
        """Begin at the committed offsets."""
        begins = self._consumer.committed(list(self._places), timeout=60)
        self._done.update({(place.topic, place.partition): place.offset for place in begins})
        self._consumer.assign(begins)
        self._consumer.resume(begins)  # what a sink had paused when it was killed
        on_assign(self._consumer, begins)

    def commit(self, *, offsets: list[TopicPartition], asynchronous: Literal[False]) -> list[TopicPartition]:
        """Commit, and note what the broker took."""
        answers = self._consumer.commit(offsets=offsets, asynchronous=asynchronous)
        self._done.update({(place.topic, place.partition): place.offset for place in answers})
        return answers


@dataclass(frozen=True, slots=True)
class CrashingSink:
    """Runs sinks, one after the other, on one trial's database and group."""

    trial: Trial
    consumer: Consumer
    inserter: Inserter
    letters: LetterBox
    topic_ids: Mapping[str, str]
    limits: BatchLimits
    places: Sequence[TopicPartition]
    done: dict[Partition, int] = field(default_factory=dict)

    def is_done(self, until: Mapping[Partition, int]) -> bool:
        """Whether these offsets are committed."""
        return all(self.done.get(place, 0) >= offset for place, offset in until.items())

    def run(self, tracer: Tracer, until: Mapping[Partition, int], *, lost_answers: int = 0) -> None:
        """A sink until it has committed these offsets, or is killed."""
        metrics = SinkMetrics()
        assigned = cast("Consumer", Assigned(self.consumer, self.places, self.done))
        with tracer.tracing(), suppress(Killed):
            Sink(
                subscription=Subscription(assigned, list(TABLE_BY_TOPIC)),
                conversion=Conversion(self.trial.codec, many=2),
                delivery=Delivery(
                    codec=self.trial.codec,
                    inserter=LosingAnswers(self.inserter, tracer, [None] * lost_answers),
                    letters=self.letters,
                    topic_ids=self.topic_ids,
                    metrics=metrics,
                ),
                limits=self.limits,
                metrics=metrics,
                stopping=lambda: self.is_done(until),
            ).run()
