"""Turnaround rebuilt from the archive by `radstream rebuild --fast`'s own code, beside the fold's own code.

The archive is made once (`replay_archive.py`) and read from a directory, so that no store's time is in the
figures. Ours: the manifests' chains and signatures, each file's digest, exams' rows by a process for each
core, then their intervals in the engine. The peer: the fold as a worker has it, in one process and without
Kafka, from the same files to the same rows, of a sample of the exams; what it takes for all events is
reckoned from its processor time for each event of the sample. Every row of the sample is compared, of exams
and of intervals: one that differs ends the benchmark with an error.
`--events N`: another size. `--no-verify`: without the digests of files.
"""

from __future__ import annotations

import os
import resource
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import structlog
from clickhouse_connect.driver.client import Client

from benchmarks.engine_alone import DATABASE, PASSWORD, USER, cpu_ms, engine_alone
from benchmarks.harness import Result, option_parser, options_of, progress, report
from benchmarks.replay_agreement import TABLES, _sampled, compare
from benchmarks.replay_archive import (
    KEYS,
    PARTITIONS,
    Directory,
    archive_codec,
    replay_archive,
)
from processors.clock_bounds import DEFAULT_BOUNDS
from processors.fold import fold_batch
from processors.turnaround import turnaround_row_of
from processors.view import view_of
from runtime.fast_rebuild.run import Plan, Rebuilt, Workplace, rebuild
from schemas.topics import EVENTS
from schemas.views import TurnaroundRow
from sinks.archive.names import Place
from sinks.clickhouse.bulk.filling import BulkFill
from sinks.clickhouse.client import connect

QUICK_EVENTS, FULL_EVENTS = 60_000, 10_000_000
_WANTED_EXAMS = 100_000


@dataclass(frozen=True, slots=True)
class DirectoryWorkplaces:
    """The archive in a directory, and an engine at `url`; the log ends where the archive does."""

    store: Directory
    url: str

    @contextmanager
    def open(self) -> Iterator[Workplace]:
        """One for the caller."""
        structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
        with closing(connect(self.url, USER, PASSWORD, DATABASE, 600)) as client:
            yield Workplace(self.store, KEYS, archive_codec(), client, lambda _place, _offset: iter(()))


@dataclass(frozen=True, slots=True)
class Folded:
    """The peer: the rows of the sample, and what reading, folding and rows take for each event."""

    rows: Sequence[TurnaroundRow]
    cpu_us: float


def measure(events: int, *, verify: bool) -> Result:
    """Both, and the comparison. Raises RuntimeError where a row differs."""
    store = replay_archive(events)
    with tempfile.TemporaryDirectory(prefix="radstream-bench-") as directory:
        structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
        with engine_alone(Path(directory)) as (url, client, engine):
            progress("rebuilding")
            rebuilt, ours = _ours(store, url, client, engine, verify=verify)
            of = PARTITIONS * max(1, rebuilt.counts.exams // PARTITIONS // _WANTED_EXAMS)
            progress("the same by the fold, of a sample")
            folded = _fold(store, of)
            progress(f"comparing {len(folded.rows):,} exams")
            intervals = compare(client, folded.rows, of)
    peer = {
        "wall_s": round(folded.cpu_us * rebuilt.counts.events / 1e6, 1),
        "cpu_us_per_event": round(folded.cpu_us, 2),
        "compared_exams": float(len(folded.rows)),
        "compared_intervals": float(intervals),
    }
    counts, per_s = rebuilt.counts, rebuilt.counts.events / ours["wall_s"]
    notes = (
        f"{per_s:,.0f} events per second: {counts.events:,} events, {counts.exams:,} exams",
        f"{counts.folded:,} exams are not plain: the fold made their rows",
        f"{len(folded.rows):,} exams and their {intervals:,} intervals compared column for column: all equal",
        "the fold's time for all events is reckoned from its processor time for an event of the sample",
    )
    return Result(benchmark="replay", ours=ours, peers={"fold, one process": peer}, notes=notes)


def _ours(
    store: Directory, url: str, client: Client, engine: psutil.Process, *, verify: bool
) -> tuple[Rebuilt, dict[str, float]]:
    fill = BulkFill(client, TABLES)
    fill.make()
    places = [Place(EVENTS, number) for number in range(PARTITIONS)]
    plan = Plan(places=places, tables=TABLES, bounds=DEFAULT_BOUNDS, verify=verify)
    began_s, engine_ms, own_s = time.monotonic(), cpu_ms(engine), _cpu_s()
    rebuilt = rebuild(DirectoryWorkplaces(store, url), fill, plan, lambda _what, _done, _total: None)
    wall_s = time.monotonic() - began_s
    engine_s, own_s = (cpu_ms(engine) - engine_ms) / 1000, _cpu_s() - own_s
    events = rebuilt.counts.events
    return rebuilt, {
        "wall_s": round(wall_s, 1),
        "exams_s": round(rebuilt.exams_s, 1),
        "engine_s": round(rebuilt.engine_s, 1),
        "cpu_us_per_event": round(1e6 * (engine_s + own_s) / events, 2),
        "engine_cpu_us_per_event": round(1e6 * engine_s / events, 2),
        "peak_rss_mb_of_a_process": round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024),
    }


def _cpu_s() -> float:
    """Processor time of this process and of those that it started and that ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _fold(store: Directory, of: int) -> Folded:
    """The rows of the exams whose keys' checksum is a multiple of `of`; all are in one partition."""
    codec = archive_codec()
    began_s = time.process_time()
    read, sampled = _sampled(store, of)
    read_us = 1e6 * (time.process_time() - began_s) / read
    began_s = time.process_time()
    folded = fold_batch(sampled, codec, lambda _partition, _key: None)
    rows = [turnaround_row_of(view_of(state)) for state in folded.states.values() if state.facts]
    fold_us = 1e6 * (time.process_time() - began_s) / len(sampled)
    return Folded(rows, read_us + fold_us)


def main() -> None:
    """Measure and report."""
    parser = option_parser(__doc__)
    parser.add_argument("--events", type=int, metavar="N", help="how many events the archive has")
    parser.add_argument("--no-verify", action="store_true", help="without the digests of files")
    given = parser.parse_args()
    options = options_of(given)
    events = given.events or (QUICK_EVENTS if options.quick else FULL_EVENTS)
    report(measure(events, verify=not given.no_verify), options)


if __name__ == "__main__":
    main()
