"""Who uses which connection: a bounded number of statements, idle connections, and sessions."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from runtime.local.clickhouse.connection import Connection
from runtime.local.clickhouse.engine import Engine
from runtime.local.clickhouse.errors import refused

SLOT_WAIT_S: Final = 60.0
MAX_SESSIONS: Final = 512
MAX_SESSION_TIMEOUT_S: Final = 3600
DEFAULT_SESSION_TIMEOUT_S: Final = 60


@dataclass(slots=True)
class _Session:
    connection: Connection
    expires_at_s: float
    lock: threading.Lock = field(default_factory=threading.Lock)


class Pool:
    """Lends connections. At most `threads` are lent at once; the next request waits up to SLOT_WAIT_S."""

    def __init__(self, engine: Engine, threads: int) -> None:
        self._engine = engine
        self.spool = engine.spool  # where an insert's data wait for the engine
        self._slots = threading.BoundedSemaphore(threads)
        self._analyst_slots = threading.BoundedSemaphore(max(1, threads // 2))
        self._threads = threads
        self._guard = threading.Lock()
        self._idle: list[Connection] = []
        self._sessions: dict[str, _Session] = {}

    @contextmanager
    def lend(
        self, session_id: str | None = None, timeout_s: int = 60, *, must_exist: bool = False
    ) -> Iterator[Connection]:
        """A connection for one request: the session's own, or any. Raises ClickHouseError 202, 372, 373."""
        if not self._slots.acquire(timeout=SLOT_WAIT_S):
            raise refused(
                202,
                "TOO_MANY_SIMULTANEOUS_QUERIES",
                f"Too many simultaneous queries. Maximum: {self._threads}",
            )
        try:
            source = self._in_session(session_id, timeout_s, must_exist) if session_id else self._any()
            with source as connection:
                yield connection
        finally:
            self._slots.release()

    @contextmanager
    def lend_to_analyst(self) -> Iterator[Connection]:
        """As `lend`, but never more than half of all: the pipeline's statements find the others free."""
        if not self._analyst_slots.acquire(timeout=SLOT_WAIT_S):
            raise refused(
                202, "TOO_MANY_SIMULTANEOUS_QUERIES", "Too many simultaneous queries of the analyst"
            )
        try:
            with self.lend() as connection:
                yield connection
        finally:
            self._analyst_slots.release()

    def cancel(self, text: str) -> None:
        """Cancel the running statements that hold this text."""
        self._engine.cancel(text)

    def close(self) -> None:
        """Close all idle connections."""
        with self._guard:
            connections = [*self._idle, *(session.connection for session in self._sessions.values())]
            self._idle.clear()
            self._sessions.clear()
        for connection in connections:
            connection.close()

    @contextmanager
    def _any(self) -> Iterator[Connection]:
        with self._guard:
            connection = self._idle.pop() if self._idle else None
        connection = connection or self._engine.connect()
        try:
            yield connection
        finally:
            if connection.reusable:
                with self._guard:
                    self._idle.append(connection)
            else:
                connection.close()

    @contextmanager
    def _in_session(self, session_id: str, timeout_s: int, must_exist: bool) -> Iterator[Connection]:  # noqa: FBT001 internal
        self._expire()
        with self._guard:
            session = self._sessions.get(session_id)
            if session is None:
                if must_exist:
                    raise refused(372, "SESSION_NOT_FOUND", f"Session {session_id} not found")
                session = self._sessions[session_id] = _Session(self._engine.connect(), float("inf"))
            if not session.lock.acquire(blocking=False):
                raise refused(
                    373, "SESSION_IS_LOCKED", f"Session {session_id} is locked by a concurrent client"
                )
        try:
            yield session.connection
        finally:
            session.expires_at_s = time.monotonic() + min(timeout_s, MAX_SESSION_TIMEOUT_S)
            session.lock.release()
            if not session.connection.reusable:
                self._end(session_id)

    def _end(self, session_id: str) -> None:
        with self._guard:
            session = self._sessions.pop(session_id, None)
        if session is not None:
            session.connection.close()

    def _expire(self) -> None:
        """End the sessions that have timed out, and the oldest ones above MAX_SESSIONS."""
        now_s = time.monotonic()
        with self._guard:
            idle = sorted(
                (session.expires_at_s, name)
                for name, session in self._sessions.items()
                if not session.lock.locked()
            )
            surplus = max(0, len(self._sessions) - MAX_SESSIONS + 1)
            names = [
                name for at, (expires_at_s, name) in enumerate(idle) if at < surplus or expires_at_s < now_s
            ]
            ended = [self._sessions.pop(name) for name in names]
        for session in ended:
            session.connection.close()
