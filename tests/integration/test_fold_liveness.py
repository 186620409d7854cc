"""A worker of the fold that stands still, or was paused for too long, ends and is started again."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.department_events import department_events
from benchmarks.fold_cluster import BROKER, FoldCluster, LogWriter, running_cluster
from benchmarks.fold_oracle import differences, offline, published
from schemas.events import Event
from tests.wedged_worker import SESSION_S

pytestmark = pytest.mark.stack
PATIENCE_S = 90.0


def test_a_worker_that_stands_still_or_was_paused_ends_and_another_life_takes_up_its_work(
    tmp_path: Path,
) -> None:
    asyncio.run(_story(tmp_path))


async def _story(data: Path) -> None:
    first, second, third = (
        [event for exam in department_events(12) for event in exam][n::3] for n in range(3)
    )
    async with running_cluster(data, workers=1, partitions=4) as cluster:
        writer = LogWriter(cluster.bootstrap, cluster.codec)
        command = (sys.executable, "-m", "tests.wedged_worker")
        await cluster.supervisor.start([replace(cluster.parts[1], command=command)])

        writer.write(first)
        await _eventually(lambda: _has_ended(data, "fold_stalled"))
        await _eventually_folded(cluster, first)

        _stop(cluster, "fold")
        writer.write(second)
        await asyncio.sleep(SESSION_S + 1)
        _go_on(cluster, "fold")
        await _eventually(lambda: _has_ended(data, "fold_was_paused"))
        await _eventually_folded(cluster, [*first, *second])

        _stop(cluster, BROKER)
        writer.write(third)
        await asyncio.sleep(SESSION_S + 1)
        _go_on(cluster, BROKER)
        await _eventually_folded(cluster, [*first, *second, *third])
        writer.flush(PATIENCE_S)


def _has_ended(data: Path, reason: str) -> bool:
    """Whether a worker said so, left by itself, and the supervisor noticed."""
    ended = '"died", "part": "fold"' in (data / "logs" / "supervisor.log").read_text("utf-8")
    return ended and reason in (data / "logs" / "fold.log").read_text("utf-8")


def _stop(cluster: FoldCluster, part: str) -> None:
    _signal(cluster, part, signal.SIGSTOP)


def _go_on(cluster: FoldCluster, part: str) -> None:
    _signal(cluster, part, signal.SIGCONT)


def _signal(cluster: FoldCluster, part: str, number: signal.Signals) -> None:
    pid = cluster.pid(part)
    assert pid, f"{part} does not run"
    os.kill(pid, number)


async def _eventually_folded(cluster: FoldCluster, events: list[Event]) -> None:
    wanted = offline(events)

    def is_folded() -> bool:
        return not differences(published(cluster.bootstrap, cluster.codec), wanted)

    await _eventually(is_folded)


async def _eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not await asyncio.to_thread(holds):
        assert time.monotonic() < deadline, "it did not come to that"
        await asyncio.sleep(0.3)
