"""Workers as processes of their own: started, watched until the log is folded, and what that took."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.harness import progress
from runtime.lag import read_group_lag, read_watermarks

_START_TIMEOUT_S = 120.0
_ASK_EVERY_S = 0.5


@dataclass(frozen=True, slots=True)
class WorkerSpec:
    """One way to fold: its command, where its state lies, its group, changelog and outputs.

    ready: a text in its log once it serves. state_suffix: what follows an exam's key in its changelog;
    state_prefix: what stands before the state's bytes there.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    state_directory: Path
    group: str
    changelog: str
    outputs: tuple[str, str]
    ready: str
    state_suffix: bytes = b""
    state_prefix: bytes = b""


class Worker:
    """A process that folds."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self._process = process
        self._log = log
        self._counted = psutil.Process(process.pid)
        self.peak_rss_mb = 0.0

    def cpu_s(self) -> float:
        """User and system, so far. Raises RuntimeError where the process has ended."""
        if self._process.poll() is not None:
            raise RuntimeError(f"the worker ended with {self._process.returncode}:\n{_tail(self._log)}")
        times = self._counted.cpu_times()
        self.peak_rss_mb = max(self.peak_rss_mb, _peak_rss_mb(self._process.pid))
        return times.user + times.system


@contextmanager
def running(spec: WorkerSpec, log: Path) -> Iterator[Worker]:
    """The worker, from when it serves until it was told to stop. Raises RuntimeError."""
    with log.open("wb") as out:
        process = subprocess.Popen(spec.command, env=dict(spec.environment), stdout=out, stderr=out)
        try:
            _wait_until_ready(process, spec, log)
            yield Worker(process, log)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def measure_catching_up(
    spec: WorkerSpec, bootstrap: str, source: str, events: int, log: Path
) -> dict[str, float]:
    """The whole log through one worker with an empty state directory."""
    shutil.rmtree(spec.state_directory, ignore_errors=True)
    progress(f"{spec.name}: {events:,} events through one worker")
    with running(spec, log) as worker:
        start_s, start_cpu_s = time.monotonic(), worker.cpu_s()
        while (lag := read_group_lag(bootstrap, spec.group, (source,))) is None or lag > 0:
            time.sleep(_ASK_EVERY_S)
            worker.cpu_s()
        wall_s, cpu_s = time.monotonic() - start_s, worker.cpu_s() - start_cpu_s
    ends = read_watermarks(bootstrap, (spec.changelog, *spec.outputs))
    progress(f"  {events / cpu_s:,.0f} events per CPU second, {events / wall_s:,.0f} per second")
    return {
        "events_per_cpu_s": round(events / cpu_s, 1),
        "events_per_s": round(events / wall_s, 1),
        "cpu_us_per_event": round(1e6 * cpu_s / events, 2),
        "peak_rss_mb": round(worker.peak_rss_mb, 1),
        "changelog_writes": float(ends.total(spec.changelog)),
        "rows_written": float(ends.total(*spec.outputs)),
    }


def measure_recovery(
    spec: WorkerSpec, bootstrap: str, source: str, new_exams: int, log: Path
) -> dict[str, float]:
    """Started again without its state directory, until what waits in the log gave the rows of `new_exams`."""
    shutil.rmtree(spec.state_directory, ignore_errors=True)
    rows = read_watermarks(bootstrap, spec.outputs).total(*spec.outputs)
    progress(f"{spec.name}: from its changelog")
    start_s = time.monotonic()
    with running(spec, log) as worker:
        while read_watermarks(bootstrap, spec.outputs).total(*spec.outputs) < rows + 2 * new_exams:
            time.sleep(0.1)
            worker.cpu_s()
        recovery_s = time.monotonic() - start_s
        recovery_cpu_s = worker.cpu_s()
        while read_group_lag(bootstrap, spec.group, (source,)) != 0:
            time.sleep(_ASK_EVERY_S)
    return {"recovery_s": round(recovery_s, 2), "recovery_cpu_s": round(recovery_cpu_s, 2)}


def peer_python(cache: Path) -> str:
    """The interpreter of the peer's environment, made by `quixstreams.lock` where it is not there yet."""
    lock = Path(__file__).with_name("quixstreams.lock")
    directory = cache / "benchmarks" / "quixstreams"
    stamp = directory / "installed.lock"
    if not stamp.exists() or stamp.read_bytes() != lock.read_bytes():
        progress("installing Quix Streams into an environment of its own (once)")
        uv = (sys.executable, "-m", "uv", "--quiet")
        python = str(directory / "bin" / "python")
        subprocess.run([*uv, "venv", "--clear", "--python", sys.executable, str(directory)], check=True)
        subprocess.run([*uv, "pip", "sync", "--require-hashes", "--python", python, str(lock)], check=True)
        stamp.write_bytes(lock.read_bytes())
    return str(directory / "bin" / "python")


def _wait_until_ready(process: subprocess.Popen[bytes], spec: WorkerSpec, log: Path) -> None:
    until_s = time.monotonic() + _START_TIMEOUT_S
    while spec.ready.encode() not in log.read_bytes():
        if process.poll() is not None or time.monotonic() > until_s:
            raise RuntimeError(f"{spec.name} did not start:\n{_tail(log)}")
        time.sleep(0.05)


def _tail(log: Path) -> str:
    return log.read_text("utf-8", "replace")[-3000:]


def _peak_rss_mb(pid: int) -> float:
    """VmHWM of /proc/PID/status, where there is one; else what is resident now."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
        return next(float(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))
    except (OSError, StopIteration):
        return psutil.Process(pid).memory_info().rss / 2**20
