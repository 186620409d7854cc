"""Exams and events per second through the whole pipeline, and the CPU seconds of each process.

Real sockets, real broker, worker, engine and object store, all on this machine, the simulated department
included: it competes for the same cores. There is no peer that does all of this; the parts have their own
benchmarks, beside their own peers.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import psutil

from benchmarks.harness import Options, Result, parse_options, progress, report
from runtime.stack.state import read_state

QUICK_EXAMS, FULL_EXAMS = 100, 1_000
_SAMPLE_S = 0.25


class CpuSampler:
    """CPU seconds by part, restarts included; counted from the moment the department opened."""

    def __init__(self) -> None:
        self._latest: dict[tuple[str, int], float] = {}
        self._before: dict[tuple[str, int], float] = {}
        self._is_open = False

    def sample(self, data: Path) -> None:
        """Read the clocks of all processes that run now."""
        state = read_state(data)
        parts = state.parts if state is not None else {}
        for name, part in parts.items():
            if part.pid is not None:
                self._read(name, part.pid)
        self._is_open = self._is_open or "simulator" in parts
        if not self._is_open:
            self._before = dict(self._latest)

    def _read(self, name: str, pid: int) -> None:
        try:
            times = psutil.Process(pid).cpu_times()
        except psutil.Error:
            return
        self._latest[name, pid] = times.user + times.system

    def seconds(self) -> dict[str, float]:
        """CPU seconds by part."""
        found: dict[str, float] = defaultdict(float)
        for (name, pid), seconds in self._latest.items():
            found[name] += seconds - self._before.get((name, pid), 0.0)
        return dict(found)


def run(exams: int) -> tuple[dict[str, Any], dict[str, float]]:
    """One demo of `exams`: its summary, and CPU seconds by part. Raises RuntimeError where it failed."""
    with tempfile.TemporaryDirectory(prefix="radstream-bench-") as directory:
        data = Path(directory)
        command = [sys.executable, "-m", "runtime.cli.main", "demo", "--json"]
        options = ["--exams", str(exams), "--data", directory]
        sampler = CpuSampler()
        with subprocess.Popen([*command, *options], stdout=subprocess.PIPE, text=True) as process:
            while process.poll() is None:
                sampler.sample(data)
                time.sleep(_SAMPLE_S)
            out = process.stdout.read() if process.stdout else ""
    summary: dict[str, Any] = json.loads(out.splitlines()[-1])
    if process.returncode != 0:
        raise RuntimeError(f"the demo failed: {summary}")
    return summary, sampler.seconds()


def measure(options: Options) -> Result:
    """Run and make figures of it."""
    exams = QUICK_EXAMS if options.quick else FULL_EXAMS
    progress(f"driving {exams} exams through the pipeline")
    summary, cpu_s = run(exams)
    seconds = summary["seconds"]
    ours = {
        "exams": float(exams),
        "seconds": seconds,
        "exams_per_s": round(exams / seconds, 2),
        "events_per_s": round(summary["events_in_clickhouse"] / seconds, 2),
        "hl7_messages_per_s": round(summary["hl7_acked"] / seconds, 2),
        "instances_per_s": round(summary["instances_stored"] / seconds, 2),
        "lost": float(summary["lost"]),
        "duplicated": float(summary["duplicated"]),
        **{f"cpu_s_{part}": round(used, 2) for part, used in sorted(cpu_s.items())},
        "cpu_ms_per_event": round(1000 * sum(cpu_s.values()) / summary["events_in_clickhouse"], 2),
    }
    return Result(
        benchmark="end_to_end",
        ours=ours,
        peers={},
        notes=("seconds: from the first message until every event is in ClickHouse, every image stored",),
    )


if __name__ == "__main__":
    chosen = parse_options(__doc__)
    report(measure(chosen), chosen)
