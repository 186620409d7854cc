"""An answer: held back until it is known to be good or grows too large, then streamed in chunks."""

from __future__ import annotations

import contextlib
import secrets
import string
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, Final, Protocol

from runtime.local.clickhouse.compression import Encoder, encoder
from runtime.local.clickhouse.errors import ClickHouseError
from runtime.local.clickhouse.formats import media_type

HELD_BYTES: Final = 1 << 20
_PIECE_BYTES: Final = 1 << 18


class Wire(Protocol):
    """The part of an HTTP connection that an answer needs."""

    def send_head(self, status: int, headers: dict[str, str]) -> None: ...
    def send(self, data: bytes) -> None: ...
    def abort(self) -> None: ...
    def check(self) -> None: ...

    @property
    def chunks_allowed(self) -> bool: ...


class Response:
    """One answer.

    The first HELD_BYTES are held back, so that an error found by then is answered with its own status. With
    `wait_to_the_end` all of it is, in a file if need be. After that an error is written into the stream as
    ClickHouse does, and the connection is broken off: no client can take the part for the whole.
    """

    def __init__(
        self, wire: Wire, headers: dict[str, str], *, encoding: str | None, wait_to_the_end: bool, spool: Path
    ) -> None:
        self._wire = wire
        self._headers = headers
        self._encoding = encoding
        self._encoder: Encoder | None = encoder(encoding) if encoding else None
        self._wait = wait_to_the_end
        # Closed by finish, fail, or with the answer itself.
        self._held: IO[bytes] = tempfile.SpooledTemporaryFile(  # noqa: SIM115 it outlives this function
            max_size=4 * HELD_BYTES, dir=str(spool)
        )
        self._held_bytes = 0
        self._empty = True
        self._tag = "".join(secrets.choice(string.ascii_lowercase) for _ in range(16))
        self.started = False

    def describe(self, output_format: str) -> None:
        """Say which format the answer has."""
        self._headers["X-ClickHouse-Format"] = output_format
        self._headers["Content-Type"] = media_type(output_format)

    def write(self, data: bytes) -> None:
        """Add to the answer."""
        if not data:
            return
        self._empty = False
        self._emit(self._encoder.compress(data) if self._encoder else data)

    def check(self) -> None:
        """Raise ConnectionError if the client is gone."""
        self._wire.check()

    def finish(self, summary: str) -> None:
        """The answer is complete and good."""
        if self._encoder and not self._empty:
            self._emit(self._encoder.flush())
        if self.started:
            if self._wire.chunks_allowed:
                self._wire.send(b"0\r\n\r\n")
            return
        self._headers["X-ClickHouse-Summary"] = summary
        self._start({"Content-Length": str(self._held_bytes)})
        self._send_held(self._wire.send)

    def fail(self, error: ClickHouseError) -> None:
        """The statement failed: its own status if nothing was sent, else an exception inside the stream."""
        self._held.close()
        if self.started:
            with contextlib.suppress(OSError):
                self._emit(self._mid_stream(error))
            self._wire.abort()
            return
        body = f"{error.text}\n".encode()
        self._headers.pop("X-ClickHouse-Format", None)
        self._headers |= {
            "Content-Type": "text/plain; charset=UTF-8",
            "X-ClickHouse-Exception-Code": str(error.code),
            "Content-Length": str(len(body)),
        }
        if error.status == 401:
            self._headers["WWW-Authenticate"] = 'Basic realm="ClickHouse server HTTP API"'
        self.started = True
        self._wire.send_head(error.status, self._headers)
        self._wire.send(body)

    def _emit(self, data: bytes) -> None:
        if self.started:
            self._send_chunk(data)
            return
        self._held.write(data)
        self._held_bytes += len(data)
        if self._held_bytes > HELD_BYTES and not self._wait:
            chunked = {"Transfer-Encoding": "chunked"} if self._wire.chunks_allowed else {}
            self._start(chunked | {"X-ClickHouse-Exception-Tag": self._tag})
            self._send_held(self._send_chunk)

    def _start(self, headers: dict[str, str]) -> None:
        self.started = True
        if self._encoding and not self._empty:
            self._headers["Content-Encoding"] = self._encoding
        self._wire.send_head(200, self._headers | headers)

    def _send_held(self, send: Callable[[bytes], None]) -> None:
        self._held.seek(0)
        while piece := self._held.read(_PIECE_BYTES):
            send(piece)
        self._held.close()

    def _send_chunk(self, data: bytes) -> None:
        if data:
            self._wire.send(b"%x\r\n%b\r\n" % (len(data), data) if self._wire.chunks_allowed else data)

    def _mid_stream(self, error: ClickHouseError) -> bytes:
        text = error.text.encode() + b"\n"
        tag = self._tag.encode()
        block = b"\r\n__exception__\r\n%b\r\n%b%d %b\r\n__exception__\r\n" % (tag, text, len(text), tag)
        return self._encoder.compress(block) + self._encoder.flush() if self._encoder else block
