"""Signals to the parts of a running stack, as a crash or an operator sends them."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from runtime.stack.state import PartState, is_alive, read_state
from tests.sink_running import until


def part_of(data: Path, part: str) -> PartState:
    """What the supervisor wrote of a part last.

    Raises: KeyError: it wrote nothing of it.
    """
    state = read_state(data)
    return (state.parts if state else {})[part]


def kill_9(data: Path, part: str) -> int:
    """Kill a part as soon as it serves; the process that was killed."""
    return send_signal(data, part, signal.SIGKILL)


def send_signal(data: Path, part: str, number: signal.Signals, timeout_s: float = 60.0) -> int:
    """Send it to a part as soon as it serves; the process that got it.

    What is written of a part may be older than its end: it leaves by itself when its broker was killed before
    it. Then the signal goes to the one that comes after it, and never to 0 or -1, which are many processes.
    """
    reached: list[int] = []

    def is_sent() -> bool:
        found = part_of(data, part)
        if found.state != "ready" or found.pid is None or not is_alive(found.pid, found.created_at):
            return False
        try:
            os.kill(found.pid, number)
        except ProcessLookupError:
            return False
        reached.append(found.pid)
        return True

    until(is_sent, f"{part} does not serve", timeout_s=timeout_s)
    return reached[0]
