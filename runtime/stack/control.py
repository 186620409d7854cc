"""Stops a stack from another process."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from runtime.stack.errors import StackError
from runtime.stack.state import is_alive, read_state, running_state

STOP_TIMEOUT_S = 20.0
POLL_S = 0.05


def stop_running_stack(data: Path, timeout_s: float = STOP_TIMEOUT_S) -> bool:
    """Asks the supervisor on this data directory to stop everything and waits until it has.

    False if none runs. Raises `StackError` if it is still there after `timeout_s`.
    """
    state = running_state(data)
    if state is None:
        return False
    os.kill(state.supervisor_pid, signal.SIGTERM)
    deadline = time.monotonic() + timeout_s
    while is_alive(state.supervisor_pid, state.supervisor_created_at):
        if read_state(data) is None:  # everything is stopped; the process itself is about to exit
            return True
        if time.monotonic() > deadline:
            raise StackError(
                f"the supervisor (process {state.supervisor_pid}) has not stopped after {timeout_s:.0f} s: "
                f"kill -9 {state.supervisor_pid} ends it and all its parts; no acknowledged data is lost"
            )
        time.sleep(POLL_S)
    return True
