"""Keeps one part running: start, wait until it serves, start again when it dies, stop when asked."""

from __future__ import annotations

import asyncio
import inspect
import time
from asyncio.subprocess import Process
from pathlib import Path
from typing import Any

from runtime.stack.errors import PartFailed, StackError
from runtime.stack.events import EventKind, OnEvent, StackEvent, exit_fields
from runtime.stack.launch import kill_group, launch, terminate
from runtime.stack.logs import log_path, log_tail
from runtime.stack.part import Part

DEATHS_BEFORE_FAILURE = 5  # without having served in between: it will not get better by itself
BACKOFF_S = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0)  # the first restart is immediate
STABLE_AFTER_S = 60.0  # a part that served this long starts over in the backoff
PROBE_INTERVAL_S = 0.05
AFTER_KILL_S = 2.0


class Keeper:
    """The life of one part. `run` is its task; it raises `PartFailed` when there is no hope."""

    def __init__(self, part: Part, data: Path, on_event: OnEvent) -> None:
        self.part = part
        self.ready = asyncio.Event()  # set once it served for the first time
        self.exit_code: int | None = None  # of a `once` part that ended
        self._data = data
        self._on_event = on_event
        self._stopping = asyncio.Event()
        self._process: Process | None = None
        self._unserved_deaths = 0
        self._backoff_step = 0

    async def run(self) -> None:
        """Runs the part until it is stopped, or ends if it may."""
        kind = EventKind.STARTED
        while not self._stopping.is_set():
            process = await self._start(kind)
            served_at = await self._await_ready(process)
            code = await process.wait()
            kill_group(process)  # what it leaves behind would hold its ports and files
            if self._stopping.is_set() or (self.part.once and code == 0):
                self._end(process, code)
                return
            self._report(EventKind.DIED, process, **exit_fields(code))
            await self._back_off(served_at)
            kind = EventKind.RESTARTED

    async def stop(self, task: asyncio.Task[None], grace_s: float) -> None:
        """SIGTERM, then SIGKILL after the grace; returns when the process is gone."""
        self._stopping.set()
        if self._process is not None:
            terminate(self._process)
        _, running = await asyncio.wait({task}, timeout=grace_s)
        if running and self._process is not None:
            kill_group(self._process)
            await asyncio.wait({task}, timeout=AFTER_KILL_S)
        task.cancel()

    async def _start(self, kind: EventKind) -> Process:
        try:
            await asyncio.to_thread(self.part.prepare)
        except StackError as error:
            raise self._failure(str(error), tail=False) from error
        process = self._process = await launch(self.part, self._data)
        self._report(kind, process)
        if self._stopping.is_set():  # asked while it was being launched
            terminate(process)
        return process

    async def _await_ready(self, process: Process) -> float | None:
        """When the part began to serve (monotonic seconds), None if it died or took too long."""
        deadline = time.monotonic() + self.part.ready_timeout_s
        while process.returncode is None and not self._stopping.is_set():
            if await self._probe() and process.returncode is None:
                self._unserved_deaths = 0
                self.ready.set()
                self._report(EventKind.READY, process)
                return time.monotonic()
            if time.monotonic() > deadline:
                kill_group(process)
                await process.wait()
                if not self.ready.is_set():
                    raise self._failure(f"is not ready after {self.part.ready_timeout_s:.0f} s")
                return None
            await asyncio.sleep(PROBE_INTERVAL_S)
        return None

    async def _probe(self) -> bool:
        answer = await asyncio.to_thread(self.part.ready)
        return bool(await answer) if inspect.isawaitable(answer) else bool(answer)

    async def _back_off(self, served_at: float | None) -> None:
        if served_at is None:
            self._unserved_deaths += 1
            if self._unserved_deaths >= DEATHS_BEFORE_FAILURE:
                raise self._failure(f"died {self._unserved_deaths} times without getting ready")
        elif time.monotonic() - served_at > STABLE_AFTER_S:
            self._backoff_step = 0
        delay_s = BACKOFF_S[min(self._backoff_step, len(BACKOFF_S) - 1)]
        self._backoff_step += 1
        try:
            await asyncio.wait_for(self._stopping.wait(), delay_s)
        except TimeoutError:
            return

    def _end(self, process: Process, code: int) -> None:
        self.exit_code = code
        self.ready.set()
        self._report(EventKind.STOPPED, process, **exit_fields(code))

    def _failure(self, what: str, *, tail: bool = True) -> PartFailed:
        path = log_path(self._data, self.part.name)
        lines = log_tail(self._data, self.part.name) if tail else ""
        message = f"{self.part.name} {what}" if tail else what
        if lines:
            message += f". Last lines of {path}:\n{lines}"
        elif tail:
            message += f". Its log is {path}"
        self._report(EventKind.FAILED, self._process, detail=what)
        return PartFailed(self.part.name, message)

    def _report(self, kind: EventKind, process: Process | None, **fields: Any) -> None:
        pid = process.pid if process is not None else None
        self._on_event(StackEvent(kind=kind, part=self.part.name, pid=pid, **fields))
