"""Messages of one destination over its connection: each again on the next one, until it has arrived.

A message has arrived when the other machine has acknowledged all bytes, and the connection still stood
`settle_s` later: whoever dies with messages unread breaks it. What was on a connection that broke goes again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from sinks.delivering.errors import Unreachable
from sinks.syslog.connection import SyslogConnection, reason_of
from sinks.syslog.destinations import SyslogDestination

log = structlog.get_logger(__name__)

_LOOK_AGAIN_S = 0.05


class _Standing:
    """A connection, and up to when it is known to stand with nothing left to acknowledge."""

    def __init__(self, connection: SyslogConnection) -> None:
        self.connection = connection
        self.looked_at_s = 0.0
        self.acknowledged_at_s = 0.0

    def covers(self, sent_at_s: float, settled_at_s: float) -> bool:
        """Whether what was sent then was acknowledged, and the connection stood at `settled_at_s`."""
        return self.looked_at_s >= settled_at_s and self.acknowledged_at_s >= sent_at_s


class SyslogChannel:
    """Shared by all that send to a destination; all of it in one event loop, what blocks in threads."""

    def __init__(
        self,
        destination: SyslogDestination,
        connect: Callable[[SyslogDestination], SyslogConnection] = SyslogConnection,
    ) -> None:
        self.unreachable = 0
        self.broken = 0
        self._destination = destination
        self._connect = connect
        self._lock = asyncio.Lock()
        self._standing: _Standing | None = None
        self._failures = 0

    async def deliver(self, frame: bytes) -> None:
        """Return when it has arrived, however long the repository is away."""
        while True:
            standing = await self._send(frame)
            if standing is not None and await self._has_arrived(standing):
                self._failures = 0
                return

    async def close(self) -> None:
        """Hang up."""
        standing, self._standing = self._standing, None
        if standing is not None:
            await asyncio.to_thread(standing.connection.close)

    async def _send(self, frame: bytes) -> _Standing | None:
        async with self._lock:
            standing = self._standing or await self._connected()
            try:
                await asyncio.to_thread(standing.connection.send, frame)
            except OSError as error:
                await self._break(standing, error)
                return None
            return standing

    async def _connected(self) -> _Standing:
        """With the lock held: nobody else would fare better."""
        while True:
            if self._failures:
                await asyncio.sleep(self._pause_s())
            try:
                self._standing = _Standing(await asyncio.to_thread(self._connect, self._destination))
            except Unreachable as error:
                self._failures += 1
                self.unreachable += 1
                again_in_s = self._pause_s()
                log.warning(
                    "unreachable",
                    destination=self._destination.name,
                    reason=str(error),
                    again_in_s=again_in_s,
                )
            else:
                log.info("connected", destination=self._destination.name)
                return self._standing

    async def _has_arrived(self, standing: _Standing) -> bool:
        sent_at_s = _clock_s()
        settled_at_s = sent_at_s + self._destination.settle_s
        pause_s = self._destination.settle_s
        while self._standing is standing:
            await asyncio.sleep(pause_s)
            pause_s = _LOOK_AGAIN_S
            async with self._lock:
                if self._standing is standing and not standing.covers(sent_at_s, settled_at_s):
                    await self._look(standing)
            if standing.covers(sent_at_s, settled_at_s):
                return True
        return False

    async def _look(self, standing: _Standing) -> None:
        """With the lock held; of many who wait the first looks for all."""
        now_s = _clock_s()
        if now_s - standing.looked_at_s < _LOOK_AGAIN_S:
            return
        try:
            left = await asyncio.to_thread(standing.connection.unacknowledged)
        except OSError as error:
            await self._break(standing, error)
            return
        standing.looked_at_s = now_s
        if left == 0:
            standing.acknowledged_at_s = now_s

    async def _break(self, standing: _Standing, error: OSError) -> None:
        self._failures += 1
        self.broken += 1
        self._standing = None
        log.warning("connection_broken", destination=self._destination.name, reason=reason_of(error))
        await asyncio.to_thread(standing.connection.close)

    def _pause_s(self) -> float:
        doubled: float = self._destination.first_pause_s * 2.0 ** min(self._failures - 1, 30)
        return min(self._destination.longest_pause_s, doubled)


def _clock_s() -> float:
    return asyncio.get_running_loop().time()
