"""Starts and ends one process: in a session of its own, tied to the supervisor, logging to its file."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, Process
from pathlib import Path

from runtime.stack import tether
from runtime.stack.leftovers import MARK, mark_of
from runtime.stack.logs import open_log
from runtime.stack.part import Part


async def launch(part: Part, data: Path) -> Process:
    """Starts the part's command. Must be called in the main thread's event loop (see `tether`)."""
    with open_log(data, part.name) as log:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-S", tether.__file__, str(os.getpid())),
            *part.command,
            stdin=DEVNULL,
            stdout=log,
            stderr=log,
            env={**os.environ, **part.env, MARK: mark_of(data)},
            cwd=part.cwd or data,
            start_new_session=True,
        )


def terminate(process: Process) -> None:
    """SIGTERM to the process itself: it is the one who knows how to end its children."""
    if process.returncode is None:
        process.terminate()


def kill_group(process: Process) -> None:
    """SIGKILL to the process and to all that it started in its session's process group."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
