"""The log's partitions as a generation folds them: all of their history, or a part of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager

from processors.fold import LogRecord
from processors.rebuild.config import RebuildConfig
from processors.rebuild.partition import PartitionRebuild, opened_part
from processors.rebuild.spans import SpanReader
from runtime.event_history import EventHistory
from schemas.codec import Codec
from schemas.topics import EVENTS
from sinks.archive.names import Place
from sinks.history.beginning import begin_at
from sinks.history.reading import History
from sinks.history.selection import Selection
from sinks.history.times import times_of


@contextmanager
def parts_of(
    config: RebuildConfig, history: History, codec: Codec, selection: Selection
) -> Iterator[list[PartitionRebuild]]:
    """On shelves that are kept in the config's directory. Raises RebuildFailed, ArchiveError."""
    log = EventHistory(history)
    with ExitStack() as resources:
        reader = resources.enter_context(closing(SpanReader(config.kafka_bootstrap, config.batch_events)))
        parts = []
        for number in log.partitions():
            opened = opened_part(number, log, reader, codec, config, wanted=wanted_of(selection, codec))
            part = resources.enter_context(opened)
            if not part.offset:
                part.offset = begin_at(history, Place(EVENTS, number), selection, codec)
            parts.append(part)
        yield parts


def wanted_of(selection: Selection, codec: Codec) -> Callable[[LogRecord], bool] | None:
    """Whether a message is folded; None where every one is."""
    if selection.is_everything:
        return None

    def wanted(message: LogRecord) -> bool:
        if not selection.is_of_exam(message.key):
            return False
        return not selection.needs_times or selection.is_in_time(times_of(codec, message.value, 0))

    return wanted
