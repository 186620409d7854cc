"""SIGTERM and SIGINT as a request to stop, with a deadline that holds even inside a blocking call."""

from __future__ import annotations

import os
import signal
import socket
import threading
from types import FrameType, TracebackType
from typing import Self

import structlog

log = structlog.get_logger(__name__)

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_STOP_WITHIN_S = 2.5


class StopSignal:
    """While entered, a signal sets `asked`; a process that has not left after 2.5 s is ended.

    Python runs a signal handler only between two bytecodes, which may be a minute away while librdkafka or
    a socket waits for a server that hangs. The wakeup descriptor is written at once, and a thread reads
    it. To end the process hard is safe: what was under way is not committed and comes again.
    """

    def __init__(self) -> None:
        self.asked = threading.Event()
        self._left = threading.Event()
        self._reader, self._writer = socket.socketpair()
        self._writer.settimeout(0)  # set_wakeup_fd wants it non-blocking
        self._watcher = threading.Thread(target=self._watch, name="stop-signal", daemon=True)

    def __enter__(self) -> Self:
        """Only in the main thread."""
        self._wakeup_before = signal.set_wakeup_fd(self._writer.fileno())
        self._handlers_before = [signal.signal(number, _nothing) for number in _SIGNALS]
        self._watcher.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """Give the signals back."""
        self._left.set()
        signal.set_wakeup_fd(self._wakeup_before)
        for number, handler in zip(_SIGNALS, self._handlers_before, strict=True):
            signal.signal(number, handler)
        self._writer.close()
        self._watcher.join()
        self._reader.close()

    def _watch(self) -> None:
        while number := self._reader.recv(1):
            if number[0] in _SIGNALS and not self.asked.is_set():
                self.asked.set()
                if not self._left.wait(_STOP_WITHIN_S):
                    log.warning("stopped_hard", what_was_under_way="comes again after the next start")
                    os._exit(1)


def _nothing(_number: int, _frame: FrameType | None) -> None:
    """The watcher's thread does it."""
