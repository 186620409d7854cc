"""The loop: read history in the order of time, mark, write, note how far it is."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

from schemas.codec import Codec
from sinks.archive.names import Place
from sinks.archive.record import ArchivedMessage
from sinks.history.beginning import begin_at
from sinks.history.ordering import Pace, in_order_of_time
from sinks.history.reading import History
from sinks.history.selection import Selection
from sinks.history.times import Times, times_of
from sinks.republishing.errors import ReplayRefused
from sinks.republishing.marks import Origin, marked
from sinks.republishing.run import Run, RunFile
from sinks.republishing.target import ends_of, require_foreign, written_since
from sinks.republishing.writer import TargetWriter

_NOTE_EVERY_S, _TELL_EVERY_S = 2.0, 0.2
Tell = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is replayed where. speed: how many times as fast as it was recorded; None: as fast as it goes."""

    source: str
    target: str
    selection: Selection
    speed: float | None = None


@dataclass(frozen=True, slots=True)
class _Timed:
    """A message, where it stood, and its times."""

    origin: Origin
    message: ArchivedMessage
    times: Times


class TopicReplay:
    """One replay. One use each."""

    def __init__(
        self,
        bootstrap: str,
        history: History,
        codec: Codec,
        file: RunFile,
        *,
        tell: Tell = lambda *_: None,
        note_every_s: float = _NOTE_EVERY_S,
    ) -> None:
        """`codec` reads when messages were recorded. `file` is held by the caller."""
        self._bootstrap = bootstrap
        self._history = history
        self._codec = codec
        self._file = file
        self._tell = tell
        self._note_every_s = note_every_s
        self._told_at_s = self._noted_at_s = time.monotonic()

    def replay(self, wanted: Wanted) -> tuple[Run, bool]:
        """Write what is wanted and not written yet; the run, and whether it went on with an earlier one.

        Raises ReplayError, ArchiveError, SchemaError.
        """
        require_foreign(wanted.target)
        writer = TargetWriter(self._bootstrap, wanted.target)
        if not writer.partitions:
            raise ReplayRefused(f"Kafka has no topic {wanted.target}: make it, or say --create")
        run, goes_on = self._run(wanted, writer.partitions)
        if goes_on:
            done = written_since(self._bootstrap, run.target, run.positions, run.run_id)
            run.written += len(done)
        else:
            done = set()
        self._write_all(run, wanted, done, writer)
        self._file.remove()
        return run, goes_on

    def _run(self, wanted: Wanted, partitions: int) -> tuple[Run, bool]:
        """The run that was not finished, or a new one. Raises ReplayRefused where that one was another."""
        asked, earlier = wanted.selection.asked(), self._file.read()
        if earlier is not None:
            if (earlier.source, earlier.asked) != (wanted.source, asked):
                raise ReplayRefused(
                    f"an earlier replay of {earlier.source} to {earlier.target} was not finished, of "
                    f"{earlier.asked or 'everything'}: run it again to go on, or give it up with --discard"
                )
            return earlier, True
        run = Run(
            run_id=str(uuid.uuid4()),
            source=wanted.source,
            target=wanted.target,
            asked=asked,
            positions=ends_of(self._bootstrap, wanted.target, partitions),
        )
        for place in self._history.places(wanted.source):
            run.offsets[place.partition] = begin_at(self._history, place, wanted.selection, self._codec)
            run.ends[place.partition] = self._history.ends(place)[1]
        self._file.write(run)
        return run, False

    def _write_all(self, run: Run, wanted: Wanted, done: set[Origin], writer: TargetWriter) -> None:
        total = sum(run.ends.values()) - sum(run.offsets.values())
        pace = Pace(wanted.speed, sleep=writer.serve_for) if wanted.speed else None
        # What was handed to the producer; the run is told of it when Kafka has it.
        handed = dict(run.offsets)
        streams = [self._stream(run, number) for number in sorted(run.ends)]
        same_partitions = len(streams) == writer.partitions
        in_order = in_order_of_time(streams, lambda timed: timed.times.recorded_us)
        for read, one in enumerate(in_order, 1):
            if self._is_wanted(one, wanted.selection) and one.origin not in done:
                if pace is not None:
                    pace.await_instant(one.times.recorded_us)
                headers = marked(one.message.headers, run.run_id, run.source, one.origin)
                writer.send(one.message, headers, one.origin.partition if same_partitions else None)
            handed[one.origin.partition] = one.origin.offset + 1
            self._report(run, handed, writer, read, total)
        self._note(run, handed, writer)
        self._tell("messages", total, total)

    def _stream(self, run: Run, number: int) -> Iterator[_Timed]:
        batches = self._history.read(Place(run.source, number), run.offsets[number], run.ends[number])
        for message in chain.from_iterable(batches):
            times = times_of(self._codec, message.value, message.timestamp_ms)
            yield _Timed(Origin(number, message.offset), message, times)

    def _is_wanted(self, one: _Timed, selection: Selection) -> bool:
        return selection.is_of_exam(one.message.key) and selection.is_in_time(one.times)

    def _report(self, run: Run, handed: Mapping[int, int], writer: TargetWriter, *figures: int) -> None:
        now_s = time.monotonic()
        if now_s - self._told_at_s >= _TELL_EVERY_S:
            self._told_at_s = now_s
            self._tell("messages", *figures)
        if now_s - self._noted_at_s >= self._note_every_s:
            self._note(run, handed, writer)
            self._noted_at_s = time.monotonic()

    def _note(self, run: Run, handed: Mapping[int, int], writer: TargetWriter) -> None:
        """Note what was handed over, when Kafka has all of it."""
        run.written += writer.flush()
        run.offsets.update(handed)
        run.positions.update(writer.positions)
        self._file.write(run)
