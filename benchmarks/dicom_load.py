"""What a load costs: dcmtk's storescu sends slices over several associations, and everybody's CPU is read."""

from __future__ import annotations

import os
import resource
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from benchmarks.dicom_servers import NODELAY, Server, cpu_s, rss_mb

_SEND_TIMEOUT_S = 900.0
_SAMPLE_S = 0.2


@dataclass(slots=True)
class Costs:
    """Of one load: wall seconds, CPU seconds by process and of whoever else ran, peak resident memory."""

    seconds: float = 0.0
    cpu_s: dict[str, float] = field(default_factory=dict)
    infrastructure_cpu_s: float = 0.0
    others_cpu_s: float = 0.0
    peak_rss_mb: dict[str, float] = field(default_factory=dict)

    @property
    def others_percent(self) -> float:
        """Of all cores."""
        return 100 * self.others_cpu_s / (self.seconds * (os.cpu_count() or 1))


class Meter:
    """Reads CPU from when it is made."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._began_s = time.monotonic()
        self._before = self._readings()

    def costs(self) -> Costs:
        """Since then."""
        spent = {name: after - self._before[name] for name, after in self._readings().items()}
        named = {name: spent[name] for name in self._server.processes}
        infrastructure = sum(spent[name] for name in self._server.infrastructure)
        ours = sum(named.values()) + infrastructure + spent["benchmark"]
        return Costs(
            seconds=time.monotonic() - self._began_s,
            cpu_s=named,
            infrastructure_cpu_s=infrastructure,
            others_cpu_s=max(spent["machine"] - ours, 0.0),
        )

    def _readings(self) -> Mapping[str, float]:
        pids = {**self._server.processes, **self._server.infrastructure}
        machine = psutil.cpu_times()
        # The senders are children that were waited for; servers that still run are not among them.
        usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        return {
            **{name: cpu_s(pid) for name, pid in pids.items()},
            "machine": sum(machine[:3]) + sum(machine[5:7]),  # user, nice, system, interrupts
            "benchmark": sum(usage.ru_utime + usage.ru_stime for usage in usages),
        }


@contextmanager
def peak_memory(server: Server) -> Iterator[dict[str, float]]:
    """The peak resident memory of each process, filled while the block runs."""
    peaks = dict.fromkeys(server.processes, 0.0)
    done = threading.Event()

    def sample() -> None:
        while not done.wait(_SAMPLE_S):
            for name, pid in server.processes.items():
                peaks[name] = max(peaks[name], rss_mb(pid))

    thread = threading.Thread(target=sample, name="memory")
    thread.start()
    try:
        yield peaks
    finally:
        done.set()
        thread.join()


def storescu(server: Server, files: Sequence[Path], associations: int) -> None:
    """Send the files, each share in one association of a process of its own. Raises RuntimeError.

    storescu keeps one association for all files that it is given, and ends at the first that is refused.
    """
    share = -(-len(files) // associations)
    command = ["storescu", "-R", "-aec", server.ae_title, "127.0.0.1", str(server.port)]
    senders = [
        subprocess.Popen(
            [*command, *map(str, files[first : first + share])],
            env={**os.environ, **NODELAY},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for first in range(0, len(files), share)
    ]
    problems = []
    for sender in senders:
        said, _ = sender.communicate(timeout=_SEND_TIMEOUT_S)
        if sender.returncode or said.strip():
            problems.append(f"storescu ends with {sender.returncode}: {said[-500:]}")
    if problems:
        raise RuntimeError("; ".join(problems))
