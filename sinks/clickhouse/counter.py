"""What counts a rollup again and again, beside the sink."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

import structlog
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import Error
from urllib3.exceptions import HTTPError

log = structlog.get_logger(__name__)

HOURS_EVERY_S = 2.0
# A day is more to count than an hour, and who asks for weeks misses no minute.
DAYS_EVERY_S = 20.0
_AGAIN_AFTER_S = 2.0
_LEAVE_WITHIN_S = 0.2


class Counter:
    """Counts every so often, or less often, in a thread of its own, while entered."""

    def __init__(
        self, name: str, connect: Callable[[], Client], count: Callable[[Client], object], every_s: float
    ) -> None:
        """`connect`: a client of its own, as clients serve one thread. `name`: of the rollup."""
        self._name = name
        self._connect = connect
        self._count = count
        self._every_s = every_s
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"{name}-counter", daemon=True)

    def __enter__(self) -> Self:
        """Begin."""
        self._thread.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """End; a count that takes longer is left to the next start, which counts again."""
        self._stopping.set()
        self._thread.join(_LEAVE_WITHIN_S)

    def _run(self) -> None:
        while not self._stopping.wait(_AGAIN_AFTER_S):
            try:
                client = self._connect()
                try:
                    self._count_on(client)
                finally:
                    client.close()
            except (Error, HTTPError, OSError) as error:
                log.warning("rollup_not_counted", rollup=self._name, error=type(error).__name__)

    def _count_on(self, client: Client) -> None:
        pause_s = 0.0
        while not self._stopping.wait(pause_s):
            began_s = time.monotonic()
            self._count(client)
            # Where much changed, as in a replay: leave the engine as much time as it was busy.
            pause_s = max(self._every_s, time.monotonic() - began_s)
