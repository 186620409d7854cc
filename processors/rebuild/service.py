"""A rebuild as a whole: the log is folded while all runs on; only to write does the fold make room."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from itertools import islice

from processors.alerts.fold_progress import FoldProgress
from processors.rebuild.config import WRITTEN, RebuildConfig, RebuildFailed
from processors.rebuild.event_log import EventLog, KafkaEventLog
from processors.rebuild.fence import Fence
from processors.rebuild.partition import PartitionRebuild, opened_part
from processors.rebuild.spans import SpanReader
from processors.rebuild.writing import Writer
from schemas.codec import Codec
from schemas.topics import EVENTS

_BATCH = 500
_ROUNDS = 10
_ROUND_S = 1.0
Tell = Callable[[str, int, int], None]


@dataclass(slots=True)
class Outcome:
    """What was found: by topic, of how many exams it has not what the log says, or has what it does not say.

    undecided: exams that changed whenever they were looked at; only of a check. rejected: messages of the
    log that are no events of an exam.
    """

    events: int = 0
    rejected: int = 0
    partitions: int = 0
    missing: Counter[str] = field(default_factory=Counter)
    surplus: Counter[str] = field(default_factory=Counter)
    undecided: int = 0
    exams: list[str] = field(default_factory=list)

    @property
    def is_equal(self) -> bool:
        """Whether all is as the log says."""
        return not self.missing and not self.surplus


class Rebuilder:
    """Compares, and mends. One use each."""

    def __init__(
        self,
        config: RebuildConfig,
        codec: Codec,
        topics: Sequence[str] = WRITTEN,
        only: Sequence[int] | None = None,
        *,
        tell: Tell = lambda *_: None,
        log: EventLog | None = None,
    ) -> None:
        """`only`: these partitions. `tell`: told what is done, how much of it, and of how much.

        log: what is folded; None: what Kafka has of the log.
        """
        self._config = config
        self._codec = codec
        self._topics = topics
        self._only = only
        self._tell = tell
        self._log = log

    def check(self, wait_s: float) -> Outcome:
        """Compare, and change nothing. Waits `wait_s` for a fold that is behind. Raises RebuildFailed."""
        with self._partitions() as parts:
            outcome = self._outcome(parts)
            open_keys: list[set[bytes] | None] = [None] * len(parts)
            for _ in range(_ROUNDS):
                moved = [part.fold_on(lambda _events: None) for part in parts]
                self._await_fold(wait_s)
                for at, part in enumerate(parts):
                    open_keys[at] = self._still_open(part, open_keys[at], moved[at], outcome)
                if not any(open_keys):
                    break
                time.sleep(_ROUND_S)
            outcome.undecided = sum(len(keys or ()) for keys in open_keys)
            return self._counted(outcome, parts)

    def run(self, wait_s: float, before_fence: Callable[[], None] = lambda: None) -> Outcome:
        """Mend what is not as the log says. Raises RebuildFailed; what was written until then is right.

        `before_fence` is called when the workers have to make room, for which they have `wait_s`.
        """
        with self._partitions() as parts, closing(SpanReader(self._config.kafka_bootstrap, 1)) as asking:
            outcome = self._outcome(parts)
            for part in parts:
                part.look_on()
            differing = [self._differing(part, part.all_keys()) for part in parts]
            before_fence()
            count = len(asking.partitions(EVENTS))
            with Fence(self._config.kafka_bootstrap, count, self._config.session_timeout_s, wait_s) as fence:
                writer = Writer(self._config.kafka_bootstrap)
                for part, keys in zip(parts, differing, strict=True):
                    self._mend(part, keys, fence, writer, outcome)
            return self._counted(outcome, parts)

    @contextmanager
    def _partitions(self) -> Iterator[list[PartitionRebuild]]:
        config = self._config
        with ExitStack() as resources:
            reader = resources.enter_context(closing(SpanReader(config.kafka_bootstrap, config.batch_events)))
            log = self._log or KafkaEventLog(reader)
            yield [
                resources.enter_context(opened_part(number, log, reader, self._codec, config))
                for number in (self._only if self._only is not None else log.partitions())
            ]

    def _outcome(self, parts: Sequence[PartitionRebuild]) -> Outcome:
        """Fold all that there is, the long part."""
        total = sum(part.log.ends(part.number)[1] - part.offset for part in parts)
        done = 0

        def said(events: int) -> None:
            nonlocal done
            done += events
            self._tell("events folded", done, max(done, total))

        for part in parts:
            part.fold_on(said)
        return Outcome(partitions=len(parts))

    def _differing(self, part: PartitionRebuild, keys: Iterator[bytes]) -> set[bytes]:
        return {one.key for one in part.differences(keys, self._topics)}

    def _still_open(
        self, part: PartitionRebuild, keys: set[bytes] | None, moved: set[bytes], outcome: Outcome
    ) -> set[bytes]:
        """The exams of which it has to be looked at again; the others that differ are counted.

        An exam that nothing was said of since the last look, and that still differs, does differ.
        """
        part.look_on()
        if keys is None:
            return self._differing(part, part.all_keys())
        differing = self._differing(part, iter(keys))
        self._count(part, differing - moved, outcome)
        return differing & moved

    def _count(self, part: PartitionRebuild, keys: set[bytes], outcome: Outcome) -> None:
        for one in part.differences(keys, self._topics):
            (outcome.surplus if one.value is None else outcome.missing)[one.topic] += 1
        outcome.exams.extend(key.decode(errors="replace") for key in sorted(keys))

    def _mend(
        self, part: PartitionRebuild, keys: set[bytes], fence: Fence, writer: Writer, outcome: Outcome
    ) -> None:
        fence.require_held()
        keys |= part.fold_on(lambda _events: None)
        keys |= part.look_on()
        differing = self._differing(part, iter(keys))
        self._count(part, differing, outcome)
        found = part.differences(sorted(differing), self._topics)
        while batch := list(islice(found, _BATCH)):
            fence.require_held()
            writer.write(part.number, batch)
        self._tell("partitions mended", part.number + 1, outcome.partitions)

    def _await_fold(self, wait_s: float) -> None:
        deadline = time.monotonic() + wait_s
        with closing(FoldProgress(self._config.kafka_bootstrap)) as fold:
            while not fold.is_there():
                if time.monotonic() > deadline:
                    raise RebuildFailed(
                        "the fold is behind the log, so its views may only be late: see `radstream status`, "
                        "wait until its lag is 0, then run the same command again"
                    )
                time.sleep(0.2)

    def _counted(self, outcome: Outcome, parts: Sequence[PartitionRebuild]) -> Outcome:
        outcome.events = sum(part.events for part in parts)
        outcome.rejected = sum(part.rejected for part in parts)
        return outcome
