"""The event log for rebuilds, from its first message on, though Kafka may have only its end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager

from processors.fold import LogMessage
from processors.rebuild.config import LogNotWhole, RebuildFailed
from processors.rebuild.event_log import EventLog, KafkaEventLog
from processors.rebuild.spans import SpanReader
from runtime.history import history_of
from runtime.installation import Installation
from runtime.stack.errors import StackError
from schemas.topics import EVENTS
from sinks.archive.errors import ArchiveError
from sinks.archive.names import Place
from sinks.history.errors import HistoryGap
from sinks.history.reading import History

_BATCH_EVENTS = 10_000


class EventHistory:
    """`processors.rebuild.event_log.EventLog` over archive and Kafka."""

    def __init__(self, history: History) -> None:
        self._history = history

    def partitions(self) -> list[int]:
        """Raises RebuildFailed."""
        with _as_rebuild_errors():
            return [place.partition for place in self._history.places(EVENTS)]

    def ends(self, partition: int) -> tuple[int, int]:
        """Raises RebuildFailed."""
        with _as_rebuild_errors():
            return self._history.ends(Place(EVENTS, partition))

    def read(self, partition: int, start: int, end: int) -> Iterator[Sequence[LogMessage]]:
        """Raises RebuildFailed; LogNotWhole where there is a gap."""
        with _as_rebuild_errors():
            for messages in self._history.read(Place(EVENTS, partition), start, end):
                yield [LogMessage(partition, one.offset, one.key, one.value) for one in messages]


@contextmanager
def event_history_of(installation: Installation) -> Iterator[EventHistory]:
    """The installation's. Raises RebuildFailed."""
    with _as_rebuild_errors(), history_of(installation) as history:
        yield EventHistory(history)


@contextmanager
def whole_log_of(installation: Installation) -> Iterator[EventLog]:
    """The log as Kafka has it; where its beginning is gone there, as history has it. Raises RebuildFailed.

    Kafka is read faster, and without an object store.
    """
    with closing(SpanReader(installation.kafka_bootstrap, _BATCH_EVENTS)) as reader:
        kafka = KafkaEventLog(reader)
        if all(kafka.ends(number)[0] == 0 for number in kafka.partitions()):
            yield kafka
            return
    with event_history_of(installation) as history:
        yield history


@contextmanager
def _as_rebuild_errors() -> Iterator[None]:
    try:
        yield
    except HistoryGap as error:
        raise LogNotWhole(str(error)) from error
    except (ArchiveError, StackError, ValueError) as error:
        raise RebuildFailed(str(error)) from error
