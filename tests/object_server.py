"""An object store on a socket, as far as reading goes: it gives objects, or fails as the test wants it."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

_LOCATION = (
    b'<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/">us-east-1</LocationConstraint>'
)
_GONE = b"<Error><Code>NoSuchKey</Code><Message>gone</Message><Resource>/</Resource></Error>"
_AWAY = b"<Error><Code>ServiceUnavailable</Code><Message>away</Message><Resource>/</Resource></Error>"


class ObjectServer:
    """`objects` by key. `is_away`: everything is answered 503. `cut`: keys that end in their middle."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.is_away = False
        self.cut: set[str] = set()
        self.reads = 0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, path: str) -> tuple[int, bytes, int]:
        """Status, body, and how much of it is sent."""
        if path.endswith("?location="):
            return 200, _LOCATION, len(_LOCATION)
        key = path.partition("?")[0].split("/", 2)[2]
        self.reads += 1
        if self.is_away:
            return 503, _AWAY, len(_AWAY)
        found = self.objects.get(key)
        if found is None:
            return 404, _GONE, len(_GONE)
        return 200, found, len(found) // 2 if key in self.cut else len(found)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        answer = self.answer

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, body, sent = answer(self.path)
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Content-Type", "application/xml")
                self.send_header("Last-Modified", "Tue, 03 Mar 2026 12:00:00 GMT")
                self.end_headers()
                self.wfile.write(body[:sent])
                if sent < len(body):
                    self.close_connection = True

            def log_message(self, *_arguments: object) -> None:
                """Quiet."""

        return Handler
