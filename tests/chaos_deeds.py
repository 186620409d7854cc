"""What is done to the fold's workers and to Kafka while a day is folded."""

from __future__ import annotations

import asyncio
import math
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from benchmarks.fold_cluster import BROKER, FoldCluster
from runtime.stack.events import EventKind, StackEvent

# Longer than the session of a worker (10 s): the others take over what it still holds to be its own.
PAUSE_S = 13.0
# The supervisor gives up on a part that dies five times without having served: not what is tried here.
_DEATHS_IN_A_ROW = 3
_BROKER_SHARE = 0.25


@dataclass(slots=True)
class Lives:
    """Since when each part serves, and how often it died without having served."""

    serves_since_s: dict[str, float] = field(default_factory=dict)
    unserved: Counter[str] = field(default_factory=Counter)

    def note(self, event: StackEvent) -> None:
        """An event of the supervisor."""
        if event.kind is EventKind.READY:
            self.serves_since_s[event.part] = time.monotonic()
            self.unserved[event.part] = 0
        elif event.kind is EventKind.DIED:
            served = self.serves_since_s.pop(event.part, None) is not None
            # A kill has counted itself.
            self.unserved[event.part] += not served and event.signal is None

    def may_end(self, part: str, gap_s: float) -> bool:
        """Whether the part can be killed without the supervisor giving it, or another one, up."""
        if part != BROKER:
            return self.unserved[part] < _DEATHS_IN_A_ROW
        since_s = self.serves_since_s.get(BROKER, math.inf)
        return (
            time.monotonic() - since_s > 2 * gap_s
            and max(self.unserved.values(), default=0) <= _DEATHS_IN_A_ROW
        )


@dataclass(slots=True)
class Deeds:
    """Chooses a victim by `chance`. gap_s: mean time between two deeds."""

    cluster: FoldCluster
    chance: random.Random
    lives: Lives
    gap_s: float
    tell: Callable[[str], None]

    async def kill(self) -> str:
        """SIGKILL to Kafka when it has served for a while, or to a worker, whether it serves or not yet."""
        while True:
            is_broker = self.chance.random() < _BROKER_SHARE
            part = BROKER if is_broker else await self._worker()
            pid = self.cluster.pid(part)
            if pid is not None and self.lives.may_end(part, self.gap_s):
                self.lives.unserved[part] += 1
                _signal(pid, signal.SIGKILL)
                return part
            await asyncio.sleep(0.1)

    async def pause(self) -> None:
        """SIGSTOP to a worker, until the others have its partitions."""
        part = await self._worker()
        pid = self.cluster.pid(part)
        if pid is None:
            return
        self.tell(f"  paused {part} for {PAUSE_S:.0f} s")
        _signal(pid, signal.SIGSTOP)
        await asyncio.sleep(PAUSE_S)
        _signal(pid, signal.SIGCONT)

    async def leave(self) -> None:
        """Stop a worker in order, and have it come again later."""
        name = await self._worker()
        self.tell(f"  stopped {name} for {PAUSE_S:.0f} s")
        await self.cluster.supervisor.stop([name])
        await asyncio.sleep(PAUSE_S)
        await self.cluster.supervisor.start([p for p in self.cluster.parts.values() if p.name == name])
        self.tell(f"  {name} came again")

    async def _worker(self) -> str:
        """One of the workers that were not stopped in order; waits while there is none."""
        while not (names := self.cluster.workers()):  # noqa: ASYNC110 - the supervisor has no event
            await asyncio.sleep(0.1)
        return self.chance.choice(names)


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return  # it died by itself
