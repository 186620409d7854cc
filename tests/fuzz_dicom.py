"""Mutated data sets and PDUs against a DICOM listener: `python -m tests.fuzz_dicom --mutants 20000 --seed 7`.

The listener is the process that an installation runs, with its spool, Kafka and object store. Four senders
work side by side; after each batch the process must be the same one and answer a C-ECHO and a good C-STORE,
its associations must be over, and its threads, files and memory bounded. Afterwards no file may be where none
belongs, no patient's name in a log or in a file in clear, and no fault of ours in the log.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import psutil

from benchmarks.dicom_installation import Running, running
from tests.dicom_dataset_mutations import ESCAPED
from tests.dicom_datasets import PATIENT
from tests.dicom_fuzz_lane import Lane, Outcomes

LANES = 4
BATCH = 200
_SETTLE_S = 20.0
_POLL_S = 0.05
_SHOWN, _MOST = 100, 20
_SPARE_THREADS, _SPARE_FILES = 12, 24
# It may keep what it needed for the largest of its images, but must not need what a bomb inflates to.
_SPARE_MB, _PEAK_SPARE_MB = 300.0, 700.0
_KEY = re.compile(r"(studies|quarantine)/[0-9.]+/[0-9.]+/[0-9.]+(/[0-9a-f]{64})?\.dcm")


@dataclass(frozen=True, slots=True)
class Target:
    """Where the listener is. processes: pid by role, `dicom` among them. objects: the object store's keys."""

    port: int
    ae_title: str
    processes: Mapping[str, int]
    data: Path
    objects: Callable[[], Iterator[str]]


@dataclass(slots=True)
class Found:
    """Outcomes, and the resources after each batch as (threads, files, MB)."""

    outcomes: Outcomes = field(default_factory=Outcomes)
    resources: list[tuple[int, int, float]] = field(default_factory=list)

    def problem(self, text: str) -> None:
        """Note what must not be."""
        self.outcomes.problems.append(text)


def fuzz(target: Target, *, numbers: range, seed: int, progress: Callable[[Found], None]) -> Found:
    """Send the mutants of these numbers."""
    found = Found()
    listener = psutil.Process(target.processes["dicom"])
    _check_alive(target, seed, found)
    start = _settled(listener, target, found)
    for first in range(numbers.start, numbers.stop, BATCH):
        batch = range(first, min(first + BATCH, numbers.stop))
        peak = _batch(target, listener, batch, seed, found)
        if not listener.is_running() or listener.status() == psutil.STATUS_ZOMBIE:
            found.problem(f"the listener died of mutants {batch.start} to {batch.stop}")
            return found
        _check_alive(target, batch.start, found)
        now = _settled(listener, target, found)
        found.resources.append(now)
        _check_bounds(start, now, peak, batch, found)
        progress(found)
    _check_places(target, found)
    return found


def _batch(target: Target, listener: psutil.Process, batch: range, seed: int, found: Found) -> float:
    """The peak of the memory in MB meanwhile."""
    peak = 0.0
    with ThreadPoolExecutor(LANES) as pool:
        lanes = [pool.submit(_lane, target, batch[number::LANES], seed, found) for number in range(LANES)]
        while not all(lane.done() for lane in lanes):
            try:
                peak = max(peak, listener.memory_info().rss / 2**20)
            except psutil.Error:
                break
            time.sleep(_POLL_S)
        for lane in lanes:
            if (error := lane.exception()) is not None:
                found.problem(f"mutants {batch.start} to {batch.stop}: {type(error).__name__}: {error}")
    return peak


def _lane(target: Target, numbers: range, seed: int, found: Found) -> None:
    with Lane(target.port, target.ae_title, found.outcomes) as lane:
        lane.send(seed, numbers)


def _check_alive(target: Target, seed: int, found: Found) -> None:
    try:
        with Lane(target.port, target.ae_title, found.outcomes) as lane:
            lane.check(Random(f"good {seed} {time.time_ns()}"))
    except (OSError, EOFError, AssertionError) as error:
        found.problem(f"no good association: {type(error).__name__} {error}")


def _settled(listener: psutil.Process, target: Target, found: Found) -> tuple[int, int, float]:
    """Threads, files and MB once all associations are over."""
    until_s = time.monotonic() + _SETTLE_S
    while left := _associations(listener, target.port):
        if time.monotonic() > until_s:
            found.problem(f"{left} associations are stuck after {_SETTLE_S:.0f} s")
            break
        time.sleep(_POLL_S)
    return listener.num_threads(), listener.num_fds(), listener.memory_info().rss / 2**20


def _associations(listener: psutil.Process, port: int) -> int:
    return sum(
        connection.status != psutil.CONN_LISTEN and bool(connection.laddr) and connection.laddr.port == port
        for connection in listener.net_connections("tcp")
    )


def _check_bounds(
    start: tuple[int, int, float], now: tuple[int, int, float], peak_mb: float, batch: range, found: Found
) -> None:
    threads, files, memory_mb = (after - before for before, after in zip(start, now, strict=True))
    where = f"after mutants {batch.start} to {batch.stop}"
    if threads > _SPARE_THREADS or files > _SPARE_FILES:
        found.problem(f"{threads} more threads and {files} more files {where}")
    if memory_mb > _SPARE_MB or peak_mb - start[2] > _PEAK_SPARE_MB:
        found.problem(f"{memory_mb:.0f} MB more, {peak_mb - start[2]:.0f} MB at the peak {where}")


def _check_places(target: Target, found: Found) -> None:
    # Three directories up from where a listener keeps its files are still below the data directory's parent.
    outside = [path for path in target.data.parent.rglob(f"*{ESCAPED}*") if path != target.data]
    outside += Path("/").glob(f"*{ESCAPED}*")
    if outside:
        found.problem(f"files where none belong: {outside[:5]}")
    strange = [key for key in target.objects() if not _KEY.fullmatch(key)]
    if strange:
        found.problem(f"objects where none belong: {strange[:5]}")
    names = [part.encode() for part in PATIENT.split("^")]
    logs = sorted((target.data / "logs").glob("dicom*"))
    for path in [*(target.data / "dicom").rglob("*"), *logs]:
        if path.is_file() and any(name in path.read_bytes() for name in (PATIENT.encode(), *names[1:])):
            found.problem(f"a patient's name in {path.relative_to(target.data)}")
    faults = Counter(fault[:_SHOWN] for path in logs for fault in _faults(path))
    found.outcomes.problems += [
        f"{count} x in the log: {fault}" for fault, count in faults.most_common(_MOST)
    ]


def _faults(log: Path) -> Iterator[str]:
    for line in log.read_text("utf-8", "replace").splitlines():
        try:
            said = json.loads(line)
        except ValueError:
            if line.startswith("Traceback"):
                yield "a traceback"
            continue
        if isinstance(said, dict) and ("fault" in said or "exception" in said):
            yield f"{said.get('event')}: {said.get('fault') or said['exception'].splitlines()[-1]}"


def _target(ours: Running) -> Target:
    server = ours.server
    return Target(server.port, server.ae_title, server.processes, ours.installation.data, ours.keys)


async def _run(numbers: range, seed: int) -> Found:
    def progress(found: Found) -> None:
        threads, files, memory_mb = found.resources[-1]
        resources = f"{threads} threads, {files} files, {memory_mb:,.0f} MB"
        told = f"{found.outcomes.sent:,} sent: {resources}; {len(found.outcomes.problems)} problems"
        print(told, file=sys.stderr)  # noqa: T201 - progress

    with tempfile.TemporaryDirectory(prefix="radstream-fuzz-") as directory:
        async with running(Path(directory) / "one" / "data") as ours:
            return await asyncio.to_thread(fuzz, _target(ours), numbers=numbers, seed=seed, progress=progress)


def main() -> int:
    """The long run; 1 where something was found."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--mutants", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int, metavar="N", help="mutant N alone")
    given = parser.parse_args()
    numbers = range(given.mutants) if given.only is None else range(given.only, given.only + 1)
    found = asyncio.run(_run(numbers, given.seed))
    for (kind, outcome), count in sorted(found.outcomes.by_kind.items()):
        print(f"{kind:16} {outcome:22} {count:6,}")  # noqa: T201 - the result
    for problem in found.outcomes.problems:
        print(f"FOUND: {problem}")  # noqa: T201 - the result
    print(f"{found.outcomes.sent:,} mutants, {len(found.outcomes.problems)} problems")  # noqa: T201 - the result
    return 1 if found.outcomes.problems else 0


if __name__ == "__main__":
    sys.exit(main())
