"""`radstream demo`, as its user runs it; and with a kill -9 of each process in turn."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from runtime.stack.state import read_state

pytestmark = pytest.mark.stack
START_TIMEOUT_S = 180


def _start(data: Path, exams: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "runtime.cli.main", "demo", "--exams", str(exams), "--json"]
    return subprocess.Popen([*command, "--data", str(data)], stdout=subprocess.PIPE, text=True)


def _summary(process: subprocess.Popen[str]) -> dict[str, Any]:
    out, _ = process.communicate(timeout=400)
    summary: dict[str, Any] = json.loads(out.splitlines()[-1])
    return summary


def _pids(data: Path) -> dict[str, int]:
    state = read_state(data)
    parts = state.parts if state is not None else {}
    return {name: part.pid for name, part in parts.items() if part.pid is not None}


def test_demo_twice_on_one_directory_loses_and_doubles_nothing(tmp_path: Path) -> None:
    for exams in (1, 4):
        process = _start(tmp_path, exams)
        summary = _summary(process)
        assert process.returncode == 0, summary
        assert (summary["exams"], summary["lost"], summary["duplicated"]) == (exams, 0, 0)
        assert summary["worklist_rows"] == summary["exams_final"] == exams
        assert summary["hl7_acked"] == summary["hl7_sent"] > exams
        assert summary["instances_stored"] == summary["instances_sent"] >= exams
        assert summary["events_in_clickhouse"] == summary["events_in_kafka"] > 0
    assert _pids(tmp_path) == {}


def test_kill_9_of_each_process_in_turn_loses_and_doubles_nothing(tmp_path: Path) -> None:
    process = _start(tmp_path, 150)
    _wait_for_the_department(tmp_path, process)
    killed = []
    for part in (
        "simulator",
        "hl7",
        "dicom",
        "dicom-archive",
        "fold",
        "reconciler",
        "alerts",
        "sink",
        "archive",
        "dashboard",
        "kafka",
        "registry",
        "clickhouse",
        "objectstore",
    ):
        pid = _pids(tmp_path).get(part)
        if pid is not None and process.poll() is None:
            with suppress(ProcessLookupError):  # it left by itself before what is written of it was old
                os.kill(pid, signal.SIGKILL)
                killed.append(part)
        time.sleep(0.7)
    summary = _summary(process)
    assert process.returncode == 0, summary
    assert (summary["lost"], summary["duplicated"], summary["exams_final"]) == (0, 0, 150)
    assert len(killed) >= 8, f"the run was over too soon: only {killed} were killed"


def _wait_for_the_department(data: Path, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while "simulator" not in _pids(data):
        assert process.poll() is None, "the demo ended before the department opened"
        assert time.monotonic() < deadline, "the department did not open"
        time.sleep(0.2)
