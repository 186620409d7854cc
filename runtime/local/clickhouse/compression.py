"""HTTP content codings of requests and answers: gzip, deflate, zstd, lz4.

Requests may hold several frames one after the other (clickhouse-connect makes one per block). Decoding is
bounded: a small body never becomes a large one in memory.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from typing import Final, Protocol

import lz4.frame
from backports import zstd

from runtime.local.clickhouse.errors import ClickHouseError, refused

PIECE_BYTES: Final = 1 << 20


class FrameDecoder(Protocol):
    """One frame's decoder, as bz2, lzma, lz4 and zstd have it."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes | None: ...
    def decompress(self, data: bytes, max_length: int) -> bytes: ...


class Encoder(Protocol):
    """A stream's encoder."""

    def compress(self, data: bytes) -> bytes: ...
    def flush(self) -> bytes: ...


class _ZlibDecoder:
    """zlib's decoder with the others' interface."""

    def __init__(self, window_bits: int) -> None:
        self._zlib = zlib.decompressobj(window_bits)

    @property
    def eof(self) -> bool:
        return self._zlib.eof

    @property
    def needs_input(self) -> bool:
        return not self._zlib.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._zlib.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._zlib.decompress(self._zlib.unconsumed_tail + data, max_length)


class _Lz4Encoder:
    def __init__(self) -> None:
        self._lz4 = lz4.frame.LZ4FrameCompressor()
        self._begun = False

    def compress(self, data: bytes) -> bytes:
        start = b"" if self._begun else bytes(self._lz4.begin())
        self._begun = True
        return start + bytes(self._lz4.compress(data))

    def flush(self) -> bytes:
        return self.compress(b"") + bytes(self._lz4.flush())


_DECODERS: Final[dict[str, Callable[[], FrameDecoder]]] = {
    "gzip": lambda: _ZlibDecoder(31),
    "x-gzip": lambda: _ZlibDecoder(31),
    "deflate": lambda: _ZlibDecoder(15),
    "zstd": zstd.ZstdDecompressor,
    "lz4": lz4.frame.LZ4FrameDecompressor,
}
# In the order in which the server prefers them.
_ENCODERS: Final[dict[str, Callable[[], Encoder]]] = {
    "lz4": _Lz4Encoder,
    "zstd": zstd.ZstdCompressor,
    "gzip": lambda: zlib.compressobj(3, zlib.DEFLATED, 31),
    "deflate": lambda: zlib.compressobj(3, zlib.DEFLATED, 15),
}


def choose_encoding(accepted: str) -> str | None:
    """The coding for an answer to `Accept-Encoding`, None for plain."""
    offers = {
        part.split(";")[0].strip().lower() for part in accepted.split(",") if "q=0" not in part.split(";")[1:]
    }
    return next((name for name in _ENCODERS if name in offers), None)


def encoder(encoding: str) -> Encoder:
    """A new encoder."""
    return _ENCODERS[encoding]()


def decode(pieces: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    """The decoded content, in pieces of at most PIECE_BYTES. Raises ClickHouseError if it is broken."""
    name = encoding.strip().lower()
    if name in ("", "identity"):
        return pieces
    if name not in _DECODERS:
        raise refused(48, "NOT_IMPLEMENTED", f"Content-Encoding {name}: use gzip, deflate, zstd, lz4 or none")
    return _decode_frames(pieces, _DECODERS[name], name)


def _decode_frames(
    pieces: Iterator[bytes], new_frame: Callable[[], FrameDecoder], name: str
) -> Iterator[bytes]:
    frame = new_frame()
    inside = False
    for piece in pieces:
        data = piece
        while data or (inside and not frame.needs_input):
            inside = True
            out = _decode_piece(frame, data, name)
            data = b""
            if frame.eof:
                data = frame.unused_data or b""
                frame, inside = new_frame(), False
            if out:
                yield out
    if inside:
        raise _broken(name, "it ends in the middle of a frame")


def _decode_piece(frame: FrameDecoder, data: bytes, name: str) -> bytes:
    try:
        return frame.decompress(data, PIECE_BYTES)
    # lz4 raises RuntimeError, zlib and zstd their own errors.
    except (RuntimeError, zlib.error, zstd.ZstdError, EOFError) as error:
        raise _broken(name, str(error)) from error


def _broken(name: str, reason: str) -> ClickHouseError:
    return refused(271, "CANNOT_DECOMPRESS", f"The {name} body cannot be decompressed: {reason}")
