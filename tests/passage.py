"""A TCP passage to a server, for tests of what happens when the server is away, or its answers are lost."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from urllib.parse import urlsplit


class Passage:
    """A TCP passage to a server, which can be shut as if the server had gone, and can lose answers."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._target = (parts.hostname or "", parts.port or 80)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open = True
        self._losing = (b"", 0)
        self._asked: set[socket.socket] = set()
        self._lines: list[socket.socket] = []
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    @property
    def url(self) -> str:
        """Where to knock."""
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Passage:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._accepting.join(5)
        for line in self._lines:
            line.close()

    def open(self) -> None:
        """Let everyone through."""
        self._open = True

    def close(self) -> None:
        """Cut every line, and every new one at once."""
        self._open = False
        for line in self._lines:
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    def lose_answers(self, asked: bytes, count: int) -> None:
        """The next `count` requests that hold `asked` reach the server, and its answers are cut off."""
        self._losing = (asked, count)

    @property
    def answers_to_lose(self) -> int:
        """How many of them are still to come."""
        return self._losing[1]

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = self._beyond() if self._open else None
                if far is None:
                    near.close()
                    continue
                self._lines += [near, far]
                for line in ((near, far, near), (far, near, near)):
                    threading.Thread(target=self._carry, args=line, daemon=True).start()

    def _beyond(self) -> socket.socket | None:
        try:
            return socket.create_connection(self._target)
        except OSError:
            return None

    def _carry(self, source: socket.socket, sink: socket.socket, near: socket.socket) -> None:
        with suppress(OSError):
            while (data := source.recv(65536)) and self._passes(data, near, is_answer=source is not near):
                sink.sendall(data)
        for line in (source, sink):
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
            line.close()

    def _passes(self, data: bytes, near: socket.socket, *, is_answer: bool) -> bool:
        asked, count = self._losing
        if not is_answer:
            if count and asked in data:
                self._asked.add(near)
            return True
        if near not in self._asked:
            return True
        self._asked.discard(near)
        self._losing = asked, max(0, count - 1)
        return count == 0
