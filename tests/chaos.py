"""A simulated day while the fold's workers and the broker are killed at random: nothing is lost or doubled.

    python -m tests.chaos --kills 50 --workers 3 --exams 3000 --seed 7

Each kill is a SIGKILL of a worker or of Kafka; the supervisor starts them again as it does in an
installation. In between a worker is sometimes paused for longer than its session lasts (SIGSTOP), or stopped
in order and started again. In the end the compacted views, the dead letters and the changelog are compared
with the offline fold of the whole log. The seed decides who dies when; what the scheduler makes of it, it
does not.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.department_events import department_events
from benchmarks.fold_cluster import FoldCluster, LogWriter, running_cluster
from benchmarks.fold_oracle import dead_letters, differences, log_events, offline, published, shown
from runtime.stack.events import EventKind, StackEvent
from schemas.events import Event
from tests.chaos_deeds import Deeds, Lives

_LATE_SHARE = 0.05
_AGAIN_SHARE = 0.05
_SETTLING_S = 180.0
_FLUSH_S = 120.0

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chaos:
    """How much of it. `gap_s`: mean time between two deeds.

    pauses: how many workers are paused; leaves: how many are stopped in order, and come again.
    """

    seed: int
    kills: int
    exams: int
    workers: int = 3
    partitions: int = 12
    pauses: int = 0
    leaves: int = 0
    gap_s: float = 3.0


@dataclass(slots=True)
class Outcome:
    """What came of it. `differences` is empty where every view is as it should be."""

    killed: Counter[str] = field(default_factory=Counter)
    restarts: Counter[str] = field(default_factory=Counter)
    given_up: list[str] = field(default_factory=list)
    events: int = 0
    exams: int = 0
    settled_after_s: float = 0.0
    differences: list[str] = field(default_factory=list)


def day_of(chaos: Chaos) -> list[Event]:
    """A department's day as it reaches the log: interleaved, some events late, some twice."""
    chance = random.Random(chaos.seed)
    timed = [
        (event.envelope.recorded_at.timestamp() + _delay_s(chance), event)
        for exam in department_events(chaos.exams)
        for event in exam
    ]
    timed += [
        (at_s + chance.uniform(0, 7200), e)
        for at_s, e in chance.sample(timed, int(len(timed) * _AGAIN_SHARE))
    ]
    return [event for _, event in sorted(timed, key=lambda item: item[0])]


def _delay_s(chance: random.Random) -> float:
    return chance.uniform(0, 4 * 3600) if chance.random() < _LATE_SHARE else 0.0


async def run_chaos(data: Path, chaos: Chaos, tell: Tell) -> Outcome:
    """Run it. Raises RuntimeError, PartFailed where the stack does not live through it."""
    outcome = Outcome()

    lives = Lives()

    def note(event: StackEvent) -> None:
        lives.note(event)
        if event.kind is EventKind.RESTARTED:
            outcome.restarts[event.part] += 1
        elif event.kind is EventKind.FAILED or event.exit_code not in (None, 0):
            outcome.given_up += [event.part] if event.kind is EventKind.FAILED else []
            tell(f"  {event.part} {event.kind}, exit code {event.exit_code} {event.detail}")

    tell(f"seed {chaos.seed}: making the day of {chaos.exams} exams")
    day = await asyncio.to_thread(day_of, chaos)
    async with running_cluster(
        data, workers=chaos.workers, partitions=chaos.partitions, on_event=note
    ) as cluster:
        await cluster.start_workers(*cluster.parts)
        tell(f"{len(day)} events, {chaos.workers} workers on {chaos.partitions} partitions")
        deeds = Deeds(cluster, random.Random(f"{chaos.seed} deeds"), lives, chaos.gap_s, tell)
        await _live_through(deeds, chaos, day, outcome)
        await _settle(cluster, day, outcome, tell)
    return outcome


async def _live_through(deeds: Deeds, chaos: Chaos, day: list[Event], outcome: Outcome) -> None:
    """The day, a share of it between any two deeds."""
    cluster, chance = deeds.cluster, deeds.chance
    done = ["kill"] * chaos.kills + ["pause"] * chaos.pauses + ["leave"] * chaos.leaves
    chance.shuffle(done)
    writer = LogWriter(cluster.bootstrap, cluster.codec)
    share = -(-len(day) // (len(done) + 1))
    aside: list[asyncio.Task[None]] = []
    for number, deed in enumerate([*done, "rest"]):
        seconds = chance.uniform(0.3, 1.7) * chaos.gap_s
        await _write_for(writer, day[number * share : (number + 1) * share], seconds)
        if deed == "kill":
            victim = await deeds.kill()
            outcome.killed[victim] += 1
            deeds.tell(f"  {sum(outcome.killed.values())}/{chaos.kills} killed {victim}")
        elif deed == "pause":
            aside.append(asyncio.create_task(deeds.pause()))
        elif deed == "leave":
            aside.append(asyncio.create_task(deeds.leave()))
    await asyncio.gather(*aside)
    await asyncio.to_thread(writer.flush, _FLUSH_S)


async def _write_for(writer: LogWriter, events: list[Event], seconds: float) -> None:
    """Write `events` over `seconds`, in small handfuls."""
    handfuls = max(1, round(seconds / 0.1))
    size = -(-len(events) // handfuls)
    for number in range(handfuls):
        await asyncio.to_thread(writer.write, events[number * size : (number + 1) * size])
        await asyncio.sleep(seconds / handfuls)


async def _settle(cluster: FoldCluster, day: list[Event], outcome: Outcome, tell: Tell) -> None:
    """Wait until the views are right, or patience ends; what differs then is the finding."""
    tell("the day is over; waiting for the views")
    began_s = time.monotonic()
    written = {event.envelope.event_id for event in day}
    logged = await asyncio.to_thread(log_events, cluster.bootstrap, cluster.codec)
    wanted = offline(logged)
    outcome.events, outcome.exams = len(logged), len(wanted.states)
    lost = written - {event.envelope.event_id for event in logged}
    while True:
        found = await asyncio.to_thread(published, cluster.bootstrap, cluster.codec)
        outcome.differences = [f"not in the log: {event_id}" for event_id in sorted(lost)]
        outcome.differences += differences(found, wanted)
        lag = await asyncio.to_thread(cluster.lag)
        letters = await asyncio.to_thread(dead_letters, cluster.bootstrap)
        outcome.differences += [f"{letters} dead letters"] if letters else []
        outcome.differences += [f"lag {lag}"] if lag else []
        outcome.differences += [f"the supervisor gave {part} up" for part in outcome.given_up]
        outcome.settled_after_s = time.monotonic() - began_s
        if (
            (lag == 0 and not outcome.differences)
            or outcome.settled_after_s > _SETTLING_S
            or outcome.given_up
        ):
            return
        await asyncio.sleep(1.0)


def tell(text: str) -> None:
    """Say what happens, with the time."""
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {text}\n")


def main() -> None:
    """The command; exit code 1 where something differs."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--pauses", type=int, default=5, help="workers paused for longer than their session")
    parser.add_argument("--leaves", type=int, default=5, help="workers stopped in order, that come again")
    parser.add_argument("--exams", type=int, default=3000)
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--keep", type=Path, help="work in this directory, and leave it")
    given = parser.parse_args()
    chaos = Chaos(
        seed=given.seed,
        kills=given.kills,
        pauses=given.pauses,
        leaves=given.leaves,
        exams=given.exams,
        workers=given.workers,
    )
    with tempfile.TemporaryDirectory(prefix="radstream-chaos-") as directory:
        outcome = asyncio.run(run_chaos(given.keep or Path(directory), chaos, tell))
    tell(f"seed {chaos.seed}: killed {dict(outcome.killed)}, restarts {dict(outcome.restarts)}")
    tell(f"{outcome.events} events of {outcome.exams} exams, settled after {outcome.settled_after_s:.1f} s")
    sys.stdout.write(shown(outcome.differences) + "\n")
    sys.exit(bool(outcome.differences))


if __name__ == "__main__":
    main()
