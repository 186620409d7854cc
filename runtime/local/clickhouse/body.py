"""A request's body: read by length or in chunks, decoded, and never held whole."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import IO, Final

from runtime.local.clickhouse.compression import PIECE_BYTES, decode
from runtime.local.clickhouse.errors import refused

MAX_QUERY_BYTES: Final = 16 << 20
MAX_FORM_BYTES: Final = 64 << 20
MAX_DRAIN_BYTES: Final = 64 << 20
_BOUNDARY: Final = re.compile(r'boundary="?([^";,]+)"?')
_FIELD: Final = re.compile(rb'\bname="([^"]*)"')
_FILE: Final = re.compile(rb'\bfilename="([^"]*)"')


class BrokenBodyError(Exception):
    """The client went away, or sent no valid chunks: nothing of the body may take effect."""


class Body:
    """The body of one request. `pieces` may be read once."""

    def __init__(self, source: IO[bytes], headers: Mapping[str, str]) -> None:
        chunked = (headers.get("Transfer-Encoding") or "").strip().lower().endswith("chunked")
        self._raw = _chunks(source) if chunked else _by_length(source, _length(headers))
        self.pieces = decode(self._raw, headers.get("Content-Encoding") or "")

    def read_all(self, limit: int) -> bytes:
        """The whole decoded body. Raises ClickHouseError above the limit."""
        whole = bytearray()
        for piece in self.pieces:
            whole += piece
            if len(whole) > limit:
                raise refused(223, "QUERY_IS_TOO_LARGE", f"The body is larger than {limit} bytes")
        return bytes(whole)

    def drain(self) -> bool:
        """Read what is left, so that the connection can be used again. False if that is too much."""
        left = 0
        for piece in self._raw:
            left += len(piece)
            if left > MAX_DRAIN_BYTES:
                return False
        return True


def parse_form(body: bytes, content_type: str) -> tuple[dict[str, str], dict[str, bytes]]:
    """The fields and files of a multipart/form-data body (RFC 7578)."""
    boundary = _BOUNDARY.search(content_type)
    if boundary is None:
        raise refused(36, "BAD_ARGUMENTS", "multipart/form-data without a boundary")
    fields: dict[str, str] = {}
    files: dict[str, bytes] = {}
    for part in (b"\r\n" + body).split(b"\r\n--" + boundary.group(1).encode())[1:-1]:
        head, _, content = part.partition(b"\r\n\r\n")
        name = _FIELD.search(head)
        if name is None:
            continue
        if _FILE.search(head):
            files[name.group(1).decode()] = content
        else:
            fields[name.group(1).decode()] = content.decode(errors="surrogateescape")
    return fields, files


def _length(headers: Mapping[str, str]) -> int:
    text = (headers.get("Content-Length") or "0").strip()
    if not text.isdecimal():
        raise BrokenBodyError(f"Content-Length {text!r}")
    return int(text)


def _by_length(source: IO[bytes], length: int) -> Iterator[bytes]:
    while length:
        piece = source.read(min(length, PIECE_BYTES))
        if not piece:
            raise BrokenBodyError(f"{length} bytes are missing")
        length -= len(piece)
        yield piece


def _chunks(source: IO[bytes]) -> Iterator[bytes]:
    """Chunked transfer coding (RFC 9112, section 7.1). Trailers are read and dropped."""
    while size := _chunk_size(source.readline(1024)):
        yield from _by_length(source, size)
        if source.readline(8) != b"\r\n":
            raise BrokenBodyError("a chunk is longer than it says")
    while source.readline(65536) not in (b"\r\n", b"\n", b""):
        pass


def _chunk_size(line: bytes) -> int:
    text = line.split(b";")[0].strip()
    if not line.endswith(b"\n") or re.fullmatch(rb"[0-9A-Fa-f]{1,15}", text) is None:
        raise BrokenBodyError("the chunks end early")
    return int(text, 16)
