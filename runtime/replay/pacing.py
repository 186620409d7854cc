"""History folded as it came: whoever asks the generation's tables meanwhile sees the department move."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from processors.fold import LogRecord
from processors.rebuild.partition import PartitionRebuild
from runtime.replay.filling import Filling
from schemas.codec import Codec
from sinks.history.ordering import Pace, in_order_of_time
from sinks.history.times import times_of

_WRITE_EVERY_S = 0.5


class _Timed(NamedTuple):
    part: PartitionRebuild
    message: LogRecord
    recorded_us: int


def fold_paced(filling: Filling, parts: Sequence[PartitionRebuild], codec: Codec, speed: float) -> None:
    """Fold what the log has now, in the order of recording, `speed` times as fast as it was recorded; write
    what changed twice a second. Raises as `Filling.go_on`.
    """
    pace, ends = Pace(speed), filling.ends()
    waiting: dict[int, list[_Timed]] = {}
    written_at_s = time.monotonic()
    for one in in_order_of_time([_timed(part, codec) for part in parts], lambda timed: timed.recorded_us):
        if time.monotonic() - written_at_s + max(pace.left_s(one.recorded_us), 0) > _WRITE_EVERY_S:
            _fold(waiting)
            filling.write(ends)
            written_at_s = time.monotonic()
        pace.await_instant(one.recorded_us)
        waiting.setdefault(one.part.number, []).append(one)
    _fold(waiting)
    filling.write(ends)


def _fold(waiting: dict[int, list[_Timed]]) -> None:
    for some in waiting.values():
        some[0].part.fold([one.message for one in some])
    waiting.clear()


def _timed(part: PartitionRebuild, codec: Codec) -> Iterator[_Timed]:
    batches = part.log.read(part.number, part.offset, part.log.ends(part.number)[1])
    for message in chain.from_iterable(batches):
        yield _Timed(part, message, times_of(codec, message.value, 0).recorded_us)
