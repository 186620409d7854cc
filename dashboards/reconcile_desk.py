"""Where decisions about two exams are taken: how both stand, and what was said a moment ago."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import anyio.to_thread
import structlog
from starlette.exceptions import HTTPException

from dashboards.history import History
from dashboards.live import Live
from dashboards.reconciliation import Asked, Decision, Reconcile, Standing, standing

log = structlog.get_logger("dashboard")

_NOT_FOUND = 404
# What was said is on the board long before that; until then it is remembered here.
_REMEMBERED_S = 30.0


class ReconcileDesk:
    """Takes one decision after the other, so that two people cannot decide against each other at once."""

    def __init__(
        self,
        live: Live,
        history: History,
        say: Reconcile,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """`say` publishes."""
        self._live = live
        self._history = history
        self._say = say
        self._monotonic_s = monotonic_s
        self._one_at_a_time = asyncio.Lock()
        self._just_said: dict[str, tuple[float, str | None]] = {}

    async def decide(self, exam_id: str, asked: Asked, by: str) -> Sequence[str]:
        """Say it, once Kafka has it: the event_ids.

        Raises HTTPException (404) for an exam that nothing was ever said of, AnalyticsUnavailable where only
        ClickHouse could know, Impossible, NotSaid.
        """
        async with self._one_at_a_time:
            exam, into = await self._standing(exam_id), await self._standing(asked.into)
            decision = Decision(exam=exam, into=into, by=by, undo=asked.undo)
            event_ids = await anyio.to_thread.run_sync(partial(self._say, decision))
            self._remember(exam_id, None if asked.undo else asked.into)
        log.info("reconciled_by_hand", undo=asked.undo, event_ids=[*event_ids])
        return event_ids

    async def _standing(self, exam_id: str) -> Standing:
        row = self._live.board.get(exam_id)
        known = self._live.moved.get(exam_id) if row is None else standing(row)
        if known is None:
            row = await self._history.row(exam_id)
            if row is None:
                raise HTTPException(_NOT_FOUND, f"No exam {exam_id}: nothing was ever said of it here.")
            known = standing(row)
        return self._as_just_said(known)

    def _remember(self, exam_id: str, into: str | None) -> None:
        now_s = self._monotonic_s()
        self._just_said = {
            known: said for known, said in self._just_said.items() if now_s - said[0] < _REMEMBERED_S
        }
        self._just_said[exam_id] = (now_s, into)

    def _as_just_said(self, known: Standing) -> Standing:
        said_s, into = self._just_said.get(known.exam_id, (float("-inf"), None))
        if self._monotonic_s() - said_s >= _REMEMBERED_S:
            return known
        return replace(known, reconciled_into=into)
