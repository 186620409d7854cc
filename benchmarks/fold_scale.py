"""1, 2 and 4 workers of the fold on 12 partitions, and how long a partition waits when one of them goes.

`events_per_s_N`: a department's events, written as fast as the log takes them, until every one is folded and
acknowledged by N workers; `events_per_cpu_s_N`: per CPU second of the workers. In the end the views are
compared with the offline fold. Workers, Kafka and this program share the machine's cores: on a small machine
more workers than cores take as long.

`handover_s_*`: two workers, one goes; how long until what is said to all exams meanwhile is folded.
`killed`: SIGKILL, and it does not come again; the group waits for its session (`session_s`) before the other
takes over. `stopped`: SIGTERM. `killed_without_standby`: the other has not followed the changelog.

There is no peer: `fold.py` has Quix Streams beside one worker.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from uuid import NAMESPACE_OID, uuid5

import psutil

from benchmarks.department_events import department_events
from benchmarks.fold_cluster import FoldCluster, LogWriter, running_cluster
from benchmarks.fold_oracle import differences, offline, published, shown
from benchmarks.harness import Options, Result, parse_options, progress, report
from runtime.stack.part import Part
from schemas.events import Event

PARTITIONS = 12
WORKERS = (1, 2, 4)
SESSION_S = 10.0  # FoldConfig.session_timeout_s
QUICK_EXAMS, FULL_EXAMS, COPIES = 40, 250, 8
_PATIENCE_S = 300.0


def department(exams: int, copies: int) -> list[Event]:
    """The events of `exams` exams, `copies` times under other ids, interleaved as they were recorded."""
    day = [event for exam in department_events(exams) for event in exam]
    day.sort(key=lambda event: event.envelope.recorded_at)
    return [_copy(event, number) for event in day for number in range(copies)]


def _copy(event: Event, number: int) -> Event:
    envelope = event.envelope
    event_id = str(uuid5(NAMESPACE_OID, f"{envelope.event_id} {number}"))
    exam_id = f"{envelope.exam_id}-{number}"
    return replace(event, envelope=replace(envelope, event_id=event_id, exam_id=exam_id, phi=None))


async def measure_rate(directory: Path, workers: int, events: list[Event]) -> dict[str, float]:
    """Events per second with so many workers. Raises RuntimeError where a view is wrong."""
    async with running_cluster(directory, workers=workers, partitions=PARTITIONS) as cluster:
        await cluster.start_workers(*cluster.parts)
        cpu_s, began_s = _cpu_s(cluster), time.monotonic()
        await asyncio.to_thread(_write_all, cluster, events)
        await _until_folded(cluster)
        wall_s, cpu_s = time.monotonic() - began_s, _cpu_s(cluster) - cpu_s
        await asyncio.to_thread(_check, cluster, events)
    progress(f"  {workers}: {len(events) / wall_s:,.0f} events/s, {len(events) / cpu_s:,.0f} per CPU second")
    return {
        f"events_per_s_{workers}": round(len(events) / wall_s, 1),
        f"events_per_cpu_s_{workers}": round(len(events) / cpu_s, 1),
    }


async def measure_handovers(directory: Path, events: list[Event], standbys: int) -> dict[str, float]:
    """How long partitions wait when one of two workers goes."""
    environment = {"RADSTREAM_FOLD_STANDBYS": str(standbys)}
    third = len(events) // 3
    found: dict[str, float] = {}
    async with running_cluster(directory, workers=2, partitions=PARTITIONS) as cluster:
        first, second = (replace(part, env={**part.env, **environment}) for part in cluster.parts.values())
        await cluster.supervisor.start([first])
        written = 0
        for name, number in (("stopped", signal.SIGTERM), ("killed", signal.SIGKILL)):
            with _outside(second, directory) as process:
                await _until(second.ready)
                await asyncio.to_thread(_write_all, cluster, events[written : written + third])
                written += third
                await _until_folded(cluster)
                process.send_signal(number)
                began_s = time.monotonic()
                await asyncio.to_thread(_write_all, cluster, events[written : written + third // 2])
                written += third // 2
                await _until_folded(cluster)
                found[name] = round(time.monotonic() - began_s, 2)
        await asyncio.to_thread(_check, cluster, events[:written])
    suffix = "" if standbys else "_without_standby"
    progress(f"  hand-over, {standbys} standby: {found}")
    return {f"handover_s_{name}{suffix}": seconds for name, seconds in found.items()}


@contextmanager
def _outside(part: Part, directory: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The part without a supervisor, who would start it again."""
    with (
        (directory / "outside.log").open("ab") as log,
        subprocess.Popen(part.command, env={**os.environ, **part.env}, stdout=log, stderr=log) as process,
    ):
        try:
            yield process
        finally:
            process.kill()


def _write_all(cluster: FoldCluster, events: list[Event]) -> None:
    writer = LogWriter(cluster.bootstrap, cluster.codec)
    writer.write(events)
    writer.flush(_PATIENCE_S)


async def _until_folded(cluster: FoldCluster) -> None:
    await _until(lambda: cluster.lag() == 0)


async def _until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not await asyncio.to_thread(holds):
        if time.monotonic() > deadline:
            raise RuntimeError("the workers do not come to an end")
        await asyncio.sleep(0.1)


def _check(cluster: FoldCluster, events: list[Event]) -> None:
    lines = differences(published(cluster.bootstrap, cluster.codec), offline(events))
    if lines:
        raise RuntimeError(shown(lines))


def _cpu_s(cluster: FoldCluster) -> float:
    times = [psutil.Process(cluster.pid(name) or 0).cpu_times() for name in cluster.workers()]
    return sum(one.user + one.system for one in times)


def measure(options: Options) -> Result:
    """Everything."""
    exams = QUICK_EXAMS if options.quick else FULL_EXAMS
    progress(f"making the events of {exams} exams")
    events = department(exams, COPIES)
    progress(f"{len(events):,} events")
    ours: dict[str, float] = {"events": float(len(events)), "session_s": SESSION_S}
    with tempfile.TemporaryDirectory(prefix="radstream-bench-") as root:
        for workers in WORKERS:
            ours |= asyncio.run(measure_rate(Path(root, f"workers-{workers}"), workers, events))
        for standbys in (1,) if options.quick else (1, 0):
            directory = Path(root, f"standbys-{standbys}")
            ours |= asyncio.run(measure_handovers(directory, events, standbys))
    return Result(
        benchmark="fold_scale",
        ours=ours,
        peers={},
        notes=(f"{PARTITIONS} partitions; the views were equal to the offline fold after every run",),
    )


if __name__ == "__main__":
    chosen = parse_options(__doc__)
    report(measure(chosen), chosen)
