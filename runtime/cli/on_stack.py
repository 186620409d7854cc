"""Work on an installation: the one that runs, else one that is started for it and stopped again."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Protocol, TypeVar

from runtime.cli.progress_bar import Tell
from runtime.cli.settings_of import read_settings, running_installation
from runtime.cli.teller import Teller, first_of, stop_on_signals
from runtime.installation import Installation
from runtime.local.kafka.install import OnProgress
from runtime.pipeline import OnStep, start_pipeline, with_free_ports
from runtime.stack.state import running_state
from runtime.stack.supervisor import Supervisor

Answer = TypeVar("Answer")
Stopping = Callable[[], bool]
"""Whether the work has been asked to end."""
Work = Callable[[Installation, Stopping], Answer]
# A load that is asked to end lets Kafka acknowledge what is on its way.
_END_WITHIN_S = 20.0


class Interrupted(Exception):
    """The work ended because it was asked to."""


class Start(Protocol):
    """What of an installation is started under the supervisor, where none runs; gives it as it runs."""

    def __call__(
        self, supervisor: Supervisor, installation: Installation, *, on_progress: OnProgress, on_step: OnStep
    ) -> Awaitable[Installation]: ...


def unless(stopping: Stopping, tell: Tell) -> Tell:
    """`tell`, which ends the work that it is told of when that is asked to end."""

    def told(what: str, done: int, total: int) -> None:
        if stopping():
            raise Interrupted
        tell(what, done, total)

    return told


def on_stack(
    data: Path | None, work: Work[Answer], tell: Teller, start: Start = start_pipeline
) -> Answer | None:
    """What `work` gives; None where it was asked to end, which it says by raising Interrupted.

    `start` decides what is started where nothing runs on `data`: the whole pipeline, or its stores.
    Raises what `work` raises, and StackError where the stack cannot be started.
    """
    settings = read_settings(data)
    if settings.kafka_bootstrap is not None or running_state(Installation(settings).data) is not None:
        installation, _ = running_installation(data, as_json=False)
        return asyncio.run(_on_running_stack(installation, work))
    return asyncio.run(_on_own_stack(Installation(with_free_ports(settings)), work, tell, start))


async def _on_running_stack(installation: Installation, work: Work[Answer]) -> Answer | None:
    stop = stop_on_signals()
    running = asyncio.create_task(_in_thread(installation, work))
    await first_of(running, stop)
    return None if stop.is_set() else running.result()


async def _on_own_stack(
    installation: Installation, work: Work[Answer], tell: Teller, start: Start
) -> Answer | None:
    stop = stop_on_signals()
    async with Supervisor(installation.data, tell.event) as supervisor:
        running = asyncio.create_task(_started(supervisor, installation, work, tell, start))
        await first_of(running, stop)
        tell.step("stopping what was started")
        return None if stop.is_set() else running.result()


async def _started(
    supervisor: Supervisor, installation: Installation, work: Work[Answer], tell: Teller, start: Start
) -> Answer:
    installation = await start(supervisor, installation, on_progress=tell.progress, on_step=tell.step)
    working = asyncio.create_task(_in_thread(installation, work))
    watching = asyncio.create_task(supervisor.wait(asyncio.Event()))
    try:
        # A part that fails for good ends the work, too.
        await asyncio.wait({working, watching}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            watching.result()
        return await working
    finally:
        watching.cancel()
        working.cancel()
        # The parts that it needs stop only when it has ended.
        await asyncio.wait({working})


async def _in_thread(installation: Installation, work: Work[Answer]) -> Answer:
    """`work` in a thread; where this is cancelled the thread is asked to end, and waited for."""
    stopping = threading.Event()
    thread = asyncio.get_running_loop().run_in_executor(None, work, installation, stopping.is_set)
    try:
        return await asyncio.shield(thread)
    except asyncio.CancelledError:
        stopping.set()
        await asyncio.wait({thread}, timeout=_END_WITHIN_S)
        if thread.done() and not thread.cancelled():
            thread.exception()  # asked for: else the loop calls it unheard
        raise
