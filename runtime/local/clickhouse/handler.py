"""One client connection: HTTP/1.1 with keep-alive."""

from __future__ import annotations

import select
import socket
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any, Final, cast
from urllib.parse import parse_qsl, urlsplit

import structlog

from runtime.local.clickhouse.body import MAX_FORM_BYTES, Body, BrokenBodyError, parse_form
from runtime.local.clickhouse.config import ClickHouseConfig
from runtime.local.clickhouse.errors import ClickHouseError, refused
from runtime.local.clickhouse.execute import execute
from runtime.local.clickhouse.pool import Pool
from runtime.local.clickhouse.request import authenticate, parse_request
from runtime.local.clickhouse.response import Response
from runtime.local.clickhouse.work import read_work

_HEALTH: Final = {"/ping": b"Ok.\n", "/replicas_status": b"Ok.\n"}
log = structlog.get_logger("clickhouse")


@dataclass(slots=True)
class State:
    """What all client connections share."""

    config: ClickHouseConfig
    pool: Pool
    timezone: str
    _busy: int = 0
    _stopping: bool = False
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def begin(self) -> bool:
        """A request begins. False once the server stops: it must not reach the engine any more."""
        with self._changed:
            self._busy += not self._stopping
            return not self._stopping

    def end(self) -> None:
        """A request that began has ended."""
        with self._changed:
            self._busy -= 1
            self._changed.notify_all()

    def stop(self) -> None:
        """Let no request begin any more."""
        with self._changed:
            self._stopping = True

    def drain(self, timeout_s: float) -> bool:
        """Wait until no request is under way."""
        with self._changed:
            return self._changed.wait_for(lambda: self._busy == 0, timeout_s)


class Handler(BaseHTTPRequestHandler):
    """One client connection."""

    state: State  # set by the server that makes the class
    protocol_version = "HTTP/1.1"
    timeout = 60.0
    disable_nagle_algorithm = True
    wbufsize = 1 << 16

    def do_GET(self) -> None:
        """Run the `query` parameter, read-only; or say that the server is alive."""
        path = urlsplit(self.path).path
        if path in _HEALTH:
            self._plain(200, _HEALTH[path])
        elif path not in ("/", "/query"):
            self._plain(404, f"There is no handle {path}\n\nUse / or /ping for health checks.\n".encode())
        elif not urlsplit(self.path).query:
            self._plain(200, b"Ok.\n")
        else:
            self._answer()

    def do_HEAD(self) -> None:
        """As GET, without the body."""
        self.do_GET()

    def do_POST(self) -> None:
        """Run a statement from the URL, the body, or both."""
        self._answer()

    @property
    def chunks_allowed(self) -> bool:
        """Whether the client knows chunked transfer coding."""
        return self.request_version != "HTTP/1.0"

    def send_head(self, status: int, headers: dict[str, str]) -> None:
        """Status line and headers."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if "Content-Length" not in headers and not self.chunks_allowed:
            self.close_connection = True
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()

    def send(self, data: bytes) -> None:
        """A part of the body."""
        if self.command != "HEAD":
            self.wfile.write(data)

    def check(self) -> None:
        """Raise ConnectionError if the client has closed the connection. Its next request may be waiting."""
        # Not by recv alone: a socket with a timeout waits for data, whatever the flags say.
        poll = select.poll()
        poll.register(self.connection, select.POLLIN)
        if poll.poll(0) and not self.connection.recv(1, socket.MSG_PEEK):
            raise ConnectionAbortedError("closed while its statement ran")

    def abort(self) -> None:
        """End the connection without ending the body."""
        self.close_connection = True
        self.wfile.flush()

    def version_string(self) -> str:
        """The Server header."""
        return "ClickHouse"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 the base class's signature
        """Requests are not logged: statements may hold what must not stand in a log."""

    def _answer(self) -> None:
        server = self.state
        if not server.begin():
            self.close_connection = True
            return
        try:
            self._run(server)
        except (BrokenBodyError, ConnectionError, TimeoutError) as error:
            self.close_connection = True
            log.info("client_went_away", reason=str(error))
        finally:
            server.end()

    def _run(self, server: State) -> None:
        response = self._response(server, {}, encoding=None, wait=False)
        body: Body | None = None
        try:
            body = Body(cast("Any", self.rfile), cast("Any", self.headers))
            params = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
            access = authenticate(server.config, params, cast("Any", self.headers))
            fields, files = self._form(body)
            request = parse_request(self.command, {**params, **fields}, cast("Any", self.headers), files)
            names = {"X-ClickHouse-Query-Id": request.query_id}
            response = self._response(server, names, encoding=request.encoding, wait=request.wait_to_the_end)
            execute(server.pool, request, read_work(request, body), response, access)
        except ClickHouseError as error:
            self._fail(response, body, error)
        except (BrokenBodyError, ConnectionError, TimeoutError):
            raise
        except Exception as error:  # a fault of ours: the client gets an answer, the log the trace
            log.exception("request_failed")
            self._fail(
                response, body, refused(1002, "UNKNOWN_EXCEPTION", f"{type(error).__name__} in the server")
            )

    def _fail(self, response: Response, body: Body | None, error: ClickHouseError) -> None:
        # An unread body would be taken for the next request.
        if body is None or not body.drain():
            self.close_connection = True
        response.fail(error)

    def _form(self, body: Body) -> tuple[dict[str, str], dict[str, bytes]]:
        content_type = self.headers.get("Content-Type") or ""
        if not content_type.lower().startswith("multipart/form-data"):
            return {}, {}
        return parse_form(body.read_all(MAX_FORM_BYTES), content_type)

    def _response(
        self, server: State, headers: dict[str, str], *, encoding: str | None, wait: bool
    ) -> Response:
        names = {
            "X-ClickHouse-Server-Display-Name": "radstream",
            "X-ClickHouse-Timezone": server.timezone,
            "Content-Type": "text/plain; charset=UTF-8",
        }
        return Response(
            self, names | headers, encoding=encoding, wait_to_the_end=wait, spool=server.config.spool_path
        )

    def _plain(self, status: int, body: bytes) -> None:
        headers = {"Content-Type": "text/html; charset=UTF-8", "Content-Length": str(len(body))}
        self.send_head(status, headers)
        self.send(body)
