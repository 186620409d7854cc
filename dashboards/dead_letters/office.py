"""The dead letters behind the pages: read when asked, driven in threads, one bulk run at a time."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence

import structlog

from dashboards.dead_letters.bulk import BulkRun
from dashboards.dead_letters.desk import Desk, DeskUnavailable, Letter, Outcome

log = structlog.get_logger("dashboard")

ACTIONS = ("retry", "dismiss")
# However many pages ask.
_READ_EVERY_S = 1.0
_RUNS_REMEMBERED = 20


class RunUnderWay(Exception):
    """Another bulk run goes on; `run_id` names it."""

    def __init__(self, run_id: str) -> None:
        super().__init__(f"another run goes on: {run_id}")
        self.run_id = run_id


class Office:
    """One event loop owns it."""

    def __init__(self, desk: Desk | None) -> None:
        """Without a desk every question raises DeskUnavailable."""
        self._desk = desk
        self._reading = asyncio.Lock()
        self._letters: Sequence[Letter] = ()
        self._read_s: float | None = None
        self._runs: OrderedDict[str, BulkRun] = OrderedDict()
        self._task: asyncio.Task[None] | None = None

    async def letters(self, *, anew: bool = False) -> Sequence[Letter]:
        """All, the latest first, as of a second ago at most. Raises DeskUnavailable."""
        desk = self._need()
        async with self._reading:
            is_old = self._read_s is None or time.monotonic() - self._read_s > _READ_EVERY_S
            if is_old or anew:
                self._letters = await asyncio.to_thread(desk.letters)
                self._read_s = time.monotonic()
            return self._letters

    async def letter(self, letter_id: str) -> Letter | None:
        """One of them. Raises DeskUnavailable."""
        return next((one for one in await self.letters() if one.dead_letter_id == letter_id), None)

    async def payload(self, letter_id: str) -> bytes:
        """What was sealed. Raises DeskUnavailable."""
        return await asyncio.to_thread(self._need().payload, letter_id)

    async def act(self, action: str, letter_id: str, by: str) -> Outcome:
        """`retry` or `dismiss` one letter. Raises DeskUnavailable or KeyError."""
        outcome = await asyncio.to_thread(self._deed(action), letter_id, by)
        self._read_s = None
        return outcome

    def start(self, action: str, letter_ids: Sequence[str], by: str) -> BulkRun:
        """The same of many, the run goes on by itself. Raises RunUnderWay or DeskUnavailable."""
        self._need()
        if self._task is not None and not self._task.done():
            raise RunUnderWay(next(reversed(self._runs)))
        run = BulkRun(action, by, letter_ids)
        self._runs[run.run_id] = run
        while len(self._runs) > _RUNS_REMEMBERED:
            self._runs.popitem(last=False)
        self._task = asyncio.create_task(self._go(run))
        return run

    def run(self, run_id: str) -> BulkRun | None:
        """A run of this process that is still remembered."""
        return self._runs.get(run_id)

    async def finished(self) -> None:
        """Return when no run is under way."""
        if self._task is not None:
            await asyncio.wait({self._task})

    def close(self) -> None:
        """End a run after the letter that is under way."""
        if self._task is not None:
            self._task.cancel()

    async def _go(self, run: BulkRun) -> None:
        stopped = "the dashboard was stopped"
        try:
            for letter_id in run.letter_ids:
                run.add(await self.act(run.action, letter_id, run.by))
            stopped = ""
        except DeskUnavailable as error:
            stopped = str(error)
        finally:
            run.end(stopped or None)
            log.info(
                "letters_driven", action=run.action, taken=run.taken, refused=run.refused, stopped=run.stopped
            )

    def _deed(self, action: str) -> Callable[[str, str], Outcome]:
        desk = self._need()
        return {"retry": desk.retry, "dismiss": desk.dismiss}[action]

    def _need(self) -> Desk:
        if self._desk is None:
            raise DeskUnavailable("This dashboard was given no way to read dead letters")
        return self._desk
