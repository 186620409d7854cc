"""An open-loop sender of HL7 messages: each goes out when it is due, whatever became of those before."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import psutil

from benchmarks.mllp_load import message
from producers.hl7.framing import Block, Deframer

# What each message of an exam's course brings the exam to, in order: scheduled order, started, completed,
# preliminary and final report.
STAGES = ("scheduled", "in_progress", "acquired", "preliminary", "final")
CONNECTIONS = 8
_LEAST_GAP_S = 1.0
PATIENCE_S = 20.0


@dataclass(frozen=True, slots=True)
class Due:
    """One message: when it is due, seconds after the first, and what it brings its exam to."""

    after_s: float
    exam: str
    step: int

    @property
    def control_id(self) -> str:
        """MSH-10."""
        return f"{self.exam}-{self.step + 1}"


class CpuMeter:
    """CPU of processes by name, from now on."""

    def __init__(self, pids: Mapping[str, int]) -> None:
        self._pids = pids
        self._began_s = time.monotonic()
        self._before = self._used()

    def percent(self) -> dict[str, float]:
        """Of one core."""
        seconds = time.monotonic() - self._began_s
        return {name: 100 * (used - self._before[name]) / seconds for name, used in self._used().items()}

    def _used(self) -> dict[str, float]:
        times = {name: psutil.Process(pid).cpu_times() for name, pid in self._pids.items()}
        return {name: used.user + used.system for name, used in times.items()}


def schedule(rate_per_s: float, seconds: float, name: str) -> list[Due]:
    """Messages at even distances; the steps of one exam a second or more from each other."""
    abreast = max(1, round(rate_per_s * _LEAST_GAP_S))
    course = abreast * len(STAGES)
    return [
        Due(
            number / rate_per_s,
            f"{name}{number // course * abreast + number % abreast}",
            number % course // abreast,
        )
        for number in range(round(rate_per_s * seconds))
    ]


class Sender:
    """Open loop: a message goes out when it is due, whatever became of those before."""

    def __init__(self, due: list[Due], meter: CpuMeter) -> None:
        self.due = due
        self.cpu_percent: dict[str, float] = {}
        self._meter = meter
        self.began_s = 0.0
        self.sent_s: dict[str, float] = {}
        self.acked_s: dict[str, float] = {}
        self.refused = 0
        self._all_answered = asyncio.Event()

    async def run(self, port: int) -> None:
        """Send all; returns when all were answered, or patience has ended."""
        loop = asyncio.get_running_loop()
        lines = []
        for _ in range(CONNECTIONS):
            transport, _protocol = await loop.create_connection(lambda: _Answers(self), "127.0.0.1", port)
            lines.append(transport)
        self.began_s = time.perf_counter() + 0.1
        for one in self.due:
            await asyncio.sleep(max(0.0, self.began_s + one.after_s - time.perf_counter()))
            at = f"{datetime.now(UTC):%Y%m%d%H%M%S.%f}"[:-2] + "+0000"
            content = message(one.step + 1, one.exam, one.exam, at)
            # The messages of one exam share a connection: they arrive in order.
            lines[hash(one.exam) % CONNECTIONS].write(content)
            self.sent_s[one.control_id] = time.perf_counter()
        self.cpu_percent = self._meter.percent()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._all_answered.wait(), PATIENCE_S)
        for transport in lines:
            transport.close()

    def answered(self, content: bytes) -> None:
        """An acknowledgement came."""
        fields = content[content.index(b"\rMSA|") + 1 :].split(b"\r")[0].split(b"|")
        self.acked_s[fields[2].decode()] = time.perf_counter()
        self.refused += fields[1] not in (b"AA", b"CA")
        if len(self.acked_s) == len(self.due):
            self._all_answered.set()


class _Answers(asyncio.Protocol):
    def __init__(self, sender: Sender) -> None:
        self._sender = sender
        self._deframer = Deframer(1_000_000)

    def data_received(self, data: bytes) -> None:
        for found in self._deframer.feed(data):
            if isinstance(found, Block):
                self._sender.answered(found.content)
