"""The supervisor of the local stack: starts the parts tier by tier, keeps them up, stops them all.

    async with Supervisor(data, on_event=show) as supervisor:
        await supervisor.start([kafka, clickhouse, object_store])
        ...                                    # create topics, buckets, tables
        await supervisor.start([registry, hl7, dicom])
        supervisor.publish({"dashboard": "http://127.0.0.1:8050"})
        await supervisor.wait(stop_requested)

Its event loop must run in the main thread (see `tether`).
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from runtime.stack.directory import lock_data_directory, prepare_data_directory
from runtime.stack.events import OnEvent
from runtime.stack.keeper import Keeper
from runtime.stack.leftovers import kill_leftovers
from runtime.stack.part import Part
from runtime.stack.record import StackRecord
from runtime.stack.state import StackState, read_state

STOP_BUDGET_S = 13.0  # SIGKILL and the waiting after it included, this stays below 15 s


class Supervisor:
    """Runs parts on one data directory, which it holds as long as it is entered."""

    def __init__(self, data: Path, on_event: OnEvent) -> None:
        self._data = data
        self._on_event = on_event
        self._kept: dict[str, tuple[Keeper, asyncio.Task[None]]] = {}
        self._resources = ExitStack()
        self._record: StackRecord | None = None
        self._failures: list[BaseException] = []
        self._failed = asyncio.Event()

    async def __aenter__(self) -> Self:
        """Takes the data directory and ends what a killed supervisor left behind on it.

        Raises `DataDirectoryError`, of which `AlreadyRunning` is one.
        """
        try:
            await asyncio.to_thread(self._take_directory)
        except BaseException:
            self._resources.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stops everything, whatever the reason to leave."""
        try:
            await self.stop()
        finally:
            self._resources.close()

    @property
    def state(self) -> StackState:
        """What runs at the moment."""
        return self._recorder().state

    async def start(self, parts: Iterable[Part]) -> None:
        """Starts parts and returns when all are ready; may be called again for further parts.

        Raises `PartFailed` for the first one that does not get ready; the others keep running until
        the supervisor is stopped.
        """
        ordered = sorted(parts, key=lambda part: part.tier)
        for _, tier in itertools.groupby(ordered, key=lambda part: part.tier):
            names = [self._keep(part) for part in tier]
            await asyncio.gather(*(self._await_ready(name) for name in names))

    def publish(self, endpoints: Mapping[str, str]) -> None:
        """Adds addresses to the state file, by name of the service."""
        self._recorder().publish(endpoints)

    async def wait(self, stop_requested: asyncio.Event) -> None:
        """Returns when asked to stop; raises `PartFailed` if a part fails for good before that."""
        asked = asyncio.create_task(stop_requested.wait())
        failed = asyncio.create_task(self._failed.wait())
        try:
            await asyncio.wait({asked, failed}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            asked.cancel()
            failed.cancel()
        if self._failures:
            raise self._failures[0]

    async def wait_ended(self, name: str) -> int:
        """Waits until a `once` part has ended by itself; its exit code. Raises `PartFailed`."""
        keeper, task = self._kept[name]
        await asyncio.shield(task)
        return keeper.exit_code or 0

    async def stop(self, names: Iterable[str] | None = None) -> None:
        """Stops these parts, or all: highest tier first, each tier at once, in 15 s at most."""
        chosen = [self._kept[name] for name in (names if names is not None else list(self._kept))]
        chosen.sort(key=lambda kept: -kept[0].part.tier)
        deadline = time.monotonic() + STOP_BUDGET_S
        tiers = [list(tier) for _, tier in itertools.groupby(chosen, key=lambda kept: kept[0].part.tier)]
        for position, tier in enumerate(tiers):
            left_s = deadline - time.monotonic()
            share_s = left_s if position == len(tiers) - 1 else left_s / 2  # those below need some too
            await asyncio.gather(*(_stop(keeper, task, share_s) for keeper, task in tier))
        for keeper, _ in chosen:
            self._kept.pop(keeper.part.name, None)

    def _take_directory(self) -> None:
        prepare_data_directory(self._data)
        self._resources.enter_context(lock_data_directory(self._data))
        state = read_state(self._data)
        if state is not None:
            kill_leftovers(self._data, state)
        self._record = StackRecord(self._data, self._on_event)
        self._resources.callback(self._record.close)

    def _keep(self, part: Part) -> str:
        if part.name in self._kept:
            raise ValueError(f"part {part.name} runs already")
        recorder = self._recorder()
        recorder.add_part(part)
        keeper = Keeper(part, self._data, recorder.on_event)
        task = asyncio.create_task(keeper.run(), name=f"keep {part.name}")
        task.add_done_callback(self._note_end)
        self._kept[part.name] = keeper, task
        return part.name

    def _note_end(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._failures.append(error)
            self._failed.set()

    async def _await_ready(self, name: str) -> None:
        keeper, task = self._kept[name]
        ready = asyncio.create_task(keeper.ready.wait())
        try:
            await asyncio.wait({ready, task}, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                task.result()
        finally:
            ready.cancel()

    def _recorder(self) -> StackRecord:
        if self._record is None:
            raise RuntimeError("enter the supervisor first: async with Supervisor(...)")
        return self._record


async def _stop(keeper: Keeper, task: asyncio.Task[None], share_s: float) -> None:
    await keeper.stop(task, min(keeper.part.stop_grace_s, share_s))
