"""The state file: read back as written, and never believed once its supervisor is gone."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from runtime.stack.leftovers import MARK, kill_leftovers, mark_of
from runtime.stack.state import (
    PartState,
    StackState,
    boot_id,
    created_at,
    is_alive,
    read_state,
    remove_state,
    running_state,
    state_path,
    write_state,
)

PARENT = (
    sys.executable,
    "-c",
    "import subprocess; p = subprocess.Popen(['sleep', '20']); print(p.pid, flush=True); p.wait()",
)
SLEEP = (sys.executable, "-c", "import time; time.sleep(60)")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "run").mkdir()
    return tmp_path


def state_of(pid: int, parts: dict[str, PartState] | None = None) -> StackState:
    return StackState(
        supervisor_pid=pid,
        supervisor_created_at=created_at(pid) or 0.0,
        boot_id=boot_id(),
        started_at="2025-01-01T00:00:00+00:00",
        endpoints={"kafka": "127.0.0.1:9092"},
        parts=parts or {},
    )


def test_a_state_is_read_back_as_it_was_written(data: Path) -> None:
    parts = {"kafka": PartState(state="ready", pid=7, created_at=1.5, restarts=2, ports={"kafka": 9092})}
    state = state_of(os.getpid(), parts)
    write_state(data, state)
    assert read_state(data) == state
    assert running_state(data) == state
    assert state_path(data).stat().st_mode & 0o777 == 0o600
    remove_state(data)
    assert read_state(data) is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"version": 1}', '{"version": 99, "parts": {}}', "null"])
def test_a_foreign_state_file_reads_as_no_stack(data: Path, text: str) -> None:
    state_path(data).write_text(text)
    assert read_state(data) is None


def test_a_state_is_not_running_when_supervisor_pid_or_boot_is_another(data: Path) -> None:
    state = state_of(os.getpid())
    for stale in (
        replace(state, supervisor_created_at=state.supervisor_created_at - 100),
        replace(state, boot_id="another"),
        replace(state, supervisor_pid=2**22),
    ):
        write_state(data, stale)
        assert running_state(data) is None


def test_leftovers_are_killed_with_their_children_but_strangers_are_not(data: Path) -> None:
    marked = {**os.environ, MARK: mark_of(data)}
    stranger = subprocess.Popen(SLEEP, start_new_session=True)
    part = subprocess.Popen(PARENT, env=marked, start_new_session=True, stdout=subprocess.PIPE, text=True)
    assert part.stdout is not None
    with stranger, part, part.stdout as output:
        child = psutil.Process(int(output.readline()))
        _wait_until_marked(child)
        reused = PartState(state="ready", pid=stranger.pid, created_at=1.0)  # the pid of a part long gone
        parts = {"a": PartState(state="ready", pid=part.pid, created_at=created_at(part.pid)), "b": reused}
        killed = kill_leftovers(data, state_of(1, parts))
        assert sorted(killed) == sorted([part.pid, child.pid])
        assert not is_alive(part.pid, None)
        assert not is_alive(child.pid, None)
        assert stranger.poll() is None
        stranger.kill()


def test_children_are_found_when_the_part_itself_is_gone(data: Path) -> None:
    marked = {**os.environ, MARK: mark_of(data)}
    part = subprocess.Popen(PARENT, env=marked, start_new_session=True, stdout=subprocess.PIPE, text=True)
    assert part.stdout is not None
    with part, part.stdout as output:
        child_pid = int(output.readline())
        _wait_until_marked(psutil.Process(child_pid))
        state = state_of(1, {"a": PartState(state="ready", pid=part.pid, created_at=created_at(part.pid))})
        part.kill()
        part.wait()
    assert kill_leftovers(data, state) == [child_pid]
    assert not is_alive(child_pid, None)


def _wait_until_marked(process: psutil.Process) -> None:
    """A process that has only just been executed has no environment to read yet."""
    deadline = time.monotonic() + 60
    while MARK not in process.environ():
        assert time.monotonic() < deadline, "the child never got its environment"
        time.sleep(0.01)
