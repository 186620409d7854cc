"""Processes that outlived their supervisor: found by what the state file recorded, and killed.

The kernel kills the parts together with the supervisor (`tether`). Their own children are not tied
in that way, and neither is anything on a kernel that refuses the tie: this finds those too.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import psutil

from runtime.stack.state import StackState, boot_id, is_alive

MARK = "RADSTREAM_STACK_DATA"  # in the environment of every part and of all its children
KILL_PATIENCE_S = 5.0


def mark_of(data: Path) -> str:
    """What the environment of a part says about the data directory that it works on."""
    return str(data.resolve())


def kill_leftovers(data: Path, state: StackState) -> list[int]:
    """Kills what is left of a stack whose supervisor is dead; returns the pids.

    A process is ours if it is a recorded part (pid and time of creation), or belongs to the process
    group of one and carries the mark of this data directory.
    """
    if state.boot_id != boot_id():
        return []
    doomed = list(_leftovers(data, state))
    for process in doomed:
        _kill(process)
    psutil.wait_procs(doomed, timeout=KILL_PATIENCE_S)
    return [process.pid for process in doomed]


def _leftovers(data: Path, state: StackState) -> Iterator[psutil.Process]:
    recorded = {part.pid: part.created_at for part in state.parts.values() if part.pid}
    for process in psutil.process_iter():
        is_part = process.pid in recorded and is_alive(process.pid, recorded[process.pid])
        if is_part or (_group_of(process) in recorded and _is_marked(process, data)):
            yield process


def _group_of(process: psutil.Process) -> int | None:
    try:
        return os.getpgid(process.pid)
    except (ProcessLookupError, PermissionError):
        return None


def _is_marked(process: psutil.Process, data: Path) -> bool:
    try:
        return process.environ().get(MARK) == mark_of(data)
    except (psutil.Error, OSError):
        return False


def _kill(process: psutil.Process) -> None:
    try:
        process.kill()
    except psutil.Error:
        return  # gone by itself
