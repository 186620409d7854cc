"""The archive's loop over a scripted log: no message is passed over, whatever happens while a batch is
taken.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from sinks.archive.archiver import Archiver
from sinks.archive.chain import ChainEnd, read_end
from sinks.archive.config import FileLimits
from sinks.archive.errors import ArchiveUnavailable
from sinks.archive.metrics import ArchiveMetrics
from sinks.archive.names import Place
from sinks.archive.record import ArchivedMessage
from sinks.archive.sealing import Sealer, read_last_seal
from sinks.archive.verification import Span, verify
from tests.archiving import KEYS, PLACE, SIGNER, TOPIC_ID, Bucket, archive_on, feed, message


class ScriptedLog:
    """Kafka as `LogReader` shows it: one partition; `batches` are taken in turn, then what there is from `at`
    on.
    """

    def __init__(self, offsets: Sequence[int], *, low: int = 0, high: int | None = None) -> None:
        self.offsets = offsets
        self.low, self.high = low, offsets[-1] + 1 if high is None else high
        self.at = 0
        self.batches: list[list[int]] = []
        self.gone: set[Place] = set()
        self.committed: dict[Place, int] = {}
        self.topic_id = TOPIC_ID

    def topic_ids(self, _topics: Sequence[str]) -> Mapping[str, str]:
        return {PLACE.topic: self.topic_id}

    def places(self, _topics: Sequence[str]) -> list[Place]:
        return [PLACE]

    def bounds(self, _place: Place) -> tuple[int, int]:
        return self.low, self.high

    def read_from(self, offsets: Mapping[Place, int]) -> None:
        self.at = offsets.get(PLACE, self.high)

    def take(self, most: int, _timeout_s: float) -> list[tuple[Place, ArchivedMessage]]:
        if self.batches:
            batch = self.batches.pop(0)
        else:
            batch = [one for one in self.offsets if one >= self.at][:most]
        if batch:
            self.at = batch[-1] + 1
        return [(PLACE, message(one)) for one in batch]

    def take_gone(self) -> set[Place]:
        gone, self.gone = self.gone, set()
        return gone

    def commit(self, offsets: Sequence[tuple[Place, int]]) -> None:
        self.committed.update(offsets)

    def close(self) -> None:
        """Nothing is open."""


def archiver(
    log: ScriptedLog, bucket: Bucket, directory: Path, metrics: ArchiveMetrics, **more: object
) -> Archiver:
    """The loop, with files of ten messages."""
    return Archiver(
        topics=[PLACE.topic],
        compacted=more.get("compacted", ()),  # type: ignore[arg-type]  # object by the signature
        reader=log,
        store=bucket,
        signer=SIGNER,
        keys=KEYS,
        sealer=Sealer(bucket, SIGNER, KEYS, directory / "witness.json"),
        limits=FileLimits(events=10, age_s=float(str(more.get("age_s", 300)))),
        seal_s=0.0,
        metrics=metrics,
        wait=lambda _seconds: False,
    )


def archived(bucket: Bucket) -> list[tuple[int, int]]:
    """First and last offset of each file, and no fault."""
    seen: list[int] = []
    walked = verify(
        bucket,
        KEYS,
        span=Span(),
        anchors={},
        tell=lambda _what, _done, _total: None,
        on_message=lambda _place, one: seen.append(one.offset),
    )
    assert walked.found.faults == []
    assert seen == sorted(set(seen))
    return [(link.manifest.first, link.manifest.last) for link in walked.chains[PLACE] if link.manifest]


def test_what_is_full_is_written_sealed_and_committed(tmp_path: Path) -> None:
    log, bucket, metrics = ScriptedLog(range(25)), Bucket(), ArchiveMetrics()
    archiver(log, bucket, tmp_path, metrics).step()
    assert archived(bucket) == [(0, 9), (10, 19)]
    assert log.committed == {PLACE: 20}
    assert (metrics.files, metrics.events, metrics.waiting, metrics.last_seal) == (2, 20, 5, 1)
    seal = read_last_seal(bucket, KEYS).seal
    assert seal is not None
    assert seal.heads[0].next_offset == 20


def test_what_has_waited_long_enough_is_a_file_though_it_is_not_full(tmp_path: Path) -> None:
    log, bucket, metrics = ScriptedLog(range(13)), Bucket(), ArchiveMetrics()
    loop = archiver(log, bucket, tmp_path, metrics, age_s=0)
    loop.step()
    assert archived(bucket) == [(0, 9), (10, 12)]
    assert (metrics.waiting, metrics.seals, log.committed) == (0, 1, {PLACE: 13})
    loop.step()
    assert metrics.seals == 1, "nothing has changed: nothing is sealed anew"


def test_where_another_archiver_was_quicker_nothing_is_passed_over(
    tmp_path: Path,
) -> None:
    """The chain moves while a batch is worked on: the rest of the batch does not belong to what is opened
    then.
    """
    log, bucket, metrics = ScriptedLog(range(40)), Bucket(), ArchiveMetrics()
    slow = archiver(log, bucket, tmp_path, metrics)
    feed(archive_on(bucket, ChainEnd(), events=4), map(message, range(4)))
    log.batches = [list(range(35))]
    for _ in range(3):
        slow.step()
    assert archived(bucket) == [(0, 3), (4, 13), (14, 23), (24, 33)]


def test_a_gap_in_a_topic_that_keeps_all_is_read_twice_before_it_is_believed(tmp_path: Path) -> None:
    log, bucket, metrics = ScriptedLog(range(20)), Bucket(), ArchiveMetrics()
    log.batches = [[0, 1, 2, 7, 8, 9]]
    loop = archiver(log, bucket, tmp_path, metrics)
    loop.step()
    loop.step()
    assert archived(bucket) == [(0, 9), (10, 19)]
    assert metrics.gaps == []


def test_a_gap_that_kafka_gives_twice_is_told_of(tmp_path: Path) -> None:
    log, bucket, metrics = ScriptedLog([*range(5), *range(8, 20)]), Bucket(), ArchiveMetrics()
    loop = archiver(log, bucket, tmp_path, metrics)
    loop.step()
    loop.step()
    assert metrics.gaps == [f"{PLACE}: 5-7"]
    assert archived(bucket) == [(0, 12)]


def test_gaps_of_compaction_are_nothing_to_tell_of(tmp_path: Path) -> None:
    log, bucket, metrics = ScriptedLog([2, 5, 9, *range(20, 27)]), Bucket(), ArchiveMetrics()
    archiver(log, bucket, tmp_path, metrics, compacted={PLACE.topic}).step()
    assert archived(bucket) == [(0, 26)]
    assert metrics.gaps == []


def test_what_kafka_deletes_while_it_runs_is_recorded(tmp_path: Path) -> None:
    log, bucket, metrics = ScriptedLog(range(40)), Bucket(), ArchiveMetrics()
    log.batches = [list(range(12))]
    loop = archiver(log, bucket, tmp_path, metrics)
    loop.step()
    log.low, log.gone, log.batches = 25, {PLACE}, [[]]
    loop.step()
    loop.step()
    assert metrics.lost == [f"{PLACE}: 10-24"]
    assert archived(bucket) == [(0, 9), (25, 34)]


def test_a_store_that_is_away_is_waited_for(tmp_path: Path) -> None:
    class Flaky(Bucket):
        failures = 5

        def put(self, name: str, content: bytes) -> bytes:
            if self.failures:
                self.failures -= 1
                raise ArchiveUnavailable("away")
            return super().put(name, content)

    log, bucket, metrics = ScriptedLog(range(12)), Flaky(), ArchiveMetrics()
    archiver(log, bucket, tmp_path, metrics).step()
    assert archived(bucket) == [(0, 9)]
    assert metrics.errors == 5


def test_a_topic_that_was_made_anew_stands_still_and_is_told_of(tmp_path: Path) -> None:
    bucket = Bucket()
    feed(archive_on(bucket, ChainEnd()), map(message, range(10)))
    log, metrics = ScriptedLog(range(30)), ArchiveMetrics()
    log.topic_id = "another"
    archiver(log, bucket, tmp_path, metrics).step()
    assert "made anew" in metrics.faults[str(PLACE)]
    assert read_end(bucket, PLACE, KEYS).next_offset == 10
