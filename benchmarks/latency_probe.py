"""Sends HL7 messages when they are due, and notes when the change of each is seen along the way.

Everything is in one process with one clock: the sender, a client of the dashboard's server-sent events, and a
consumer of the log and of the worklist. What was seen is read (decoded) only after the last message.
"""

from __future__ import annotations

import json
import multiprocessing
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import uvloop

from benchmarks.latency_sender import CONNECTIONS, PATIENCE_S, STAGES, CpuMeter, Due, Sender, schedule
from benchmarks.latency_watch import Arrived, board_frames, topic_values
from schemas.registry import connect_codec
from schemas.topics import EVENTS, WORKLIST


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What to send, where it is seen, and the processes whose CPU is counted meanwhile."""

    hl7_port: int
    dashboard_url: str
    dashboard_token: str
    kafka_bootstrap: str
    registry_url: str
    pids: Mapping[str, int]
    rate_per_s: float
    seconds: float


@dataclass(slots=True)
class Seen:
    """Milliseconds from when a message was due; a message that was not seen there counts to `missing`."""

    sent_ms: list[float] = field(default_factory=list)
    ack_ms: list[float] = field(default_factory=list)
    log_ms: list[float] = field(default_factory=list)
    row_ms: list[float] = field(default_factory=list)
    board_ms: list[float] = field(default_factory=list)
    missing: int = 0
    refused: int = 0
    cpu_percent: Mapping[str, float] = field(default_factory=dict)


def measure(probe: Probe) -> Seen:
    """Run the probe in a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_measure, (probe,))


def _measure(probe: Probe) -> Seen:
    due = schedule(probe.rate_per_s, probe.seconds, f"L{uuid4().hex[:6]}N")
    with (
        board_frames(probe.dashboard_url, probe.dashboard_token) as frames,
        topic_values(probe.kafka_bootstrap, EVENTS) as events,
        topic_values(probe.kafka_bootstrap, WORKLIST) as rows,
    ):
        sender = Sender(due, CpuMeter(probe.pids))
        uvloop.run(sender.run(probe.hl7_port))
        _await_last(due, frames)
    return _seen(probe, sender, _at_stages(frames), events, rows)


def _await_last(due: list[Due], frames: Arrived) -> None:
    """Until the board shows the last message of every connection, or patience ends."""
    wanted = {one.exam: one.step for one in due[-2 * CONNECTIONS :]}
    until_s = time.perf_counter() + PATIENCE_S
    while time.perf_counter() < until_s:
        found = _at_stages(frames)
        if all((exam, step) in found for exam, step in wanted.items()):
            return
        time.sleep(0.5)


def _at_stages(frames: Arrived) -> dict[tuple[str, int], float]:
    """When each exam was first shown at each stage, or a later one."""
    found: dict[tuple[str, int], float] = {}
    for at_s, data in frames:
        for card in json.loads(data).get("rows", ()) if b'"rows"' in data else ():
            _reached(found, card.get("accession"), card["stage"], at_s)
    return found


def _reached(found: dict[tuple[str, int], float], exam: str | None, stage: str, at_s: float) -> None:
    if exam is not None and stage in STAGES:
        for step in range(STAGES.index(stage) + 1):
            found.setdefault((exam, step), at_s)


def _seen(
    probe: Probe, sender: Sender, board: dict[tuple[str, int], float], events: Arrived, rows: Arrived
) -> Seen:
    codec = connect_codec(probe.registry_url)
    logged: dict[str, float] = {}
    for at_s, value in events:
        event: Any = codec.decode(value)
        logged[event.envelope.source_message_id] = at_s
    rowed: dict[tuple[str, int], float] = {}
    for at_s, value in rows:
        row: Any = codec.decode(value)
        _reached(rowed, row.accession_number, row.stage, at_s)
    seen = Seen(refused=sender.refused, cpu_percent=sender.cpu_percent)
    for one in sender.due:
        due_s, key = sender.began_s + one.after_s, (one.exam, one.step)
        where: tuple[tuple[list[float], float | None], ...] = (
            (seen.sent_ms, sender.sent_s.get(one.control_id)),
            (seen.ack_ms, sender.acked_s.get(one.control_id)),
            (seen.log_ms, logged.get(one.control_id)),
            (seen.row_ms, rowed.get(key)),
            (seen.board_ms, board.get(key)),
        )
        for times, seen_s in where:
            if seen_s is not None:
                times.append(1000 * (seen_s - due_s))
        seen.missing += any(seen_s is None for _, seen_s in where)
    return seen
