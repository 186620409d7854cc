"""One entry of the spool as a file: its content, then what is known of it, then a checksummed trailer.

    content   the sealed object of an image; nothing for a note
    facts     JSON in UTF-8, spaces after it
    trailer   8 bytes  length of the content
              4 bytes  length of the facts
             32 bytes  SHA-256 of both lengths and the facts
              8 bytes  b"RADSPL" and the version, 1

Integers are big-endian. The facts come after the content, which goes to the file piece by piece. No entry
that breaks off has a trailer where the file ends.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

_MAGIC = b"RADSPL\x00\x01"
_LENGTHS = struct.Struct(">QI")
_TRAILER = struct.Struct(">QI32s8s")
_BLOCK_BYTES = 4096
_AT_ONCE_BYTES = 1 << 22
_JSON = json.JSONEncoder(separators=(",", ":"))


class EntryDamaged(Exception):
    """The file is no whole entry. The text carries no PHI."""


@dataclass(frozen=True, slots=True)
class Digest:
    """Of the content: its size and its SHA-256 in hexadecimal digits."""

    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class EntryFile:
    """A whole entry. The content is the first `content_bytes` of the file."""

    path: Path
    facts: Mapping[str, Any]
    content_bytes: int

    def open_content(self) -> BinaryIO:
        """The file at its beginning; content ends after `content_bytes`. Raises OSError."""
        return self.path.open("rb")


def write_image(handle: int, pieces: Iterable[bytes], facts: Mapping[str, object]) -> int:
    """Write an image's entry; how many bytes it has. Raises OSError, and what `pieces` raises.

    No digest: each segment of a sealed object authenticates itself, and who archives it computes the digest.
    """
    content_bytes = waiting_bytes = 0
    waiting: list[bytes] = []
    for piece in pieces:
        waiting.append(piece)
        waiting_bytes += len(piece)
        content_bytes += len(piece)
        if waiting_bytes >= _AT_ONCE_BYTES:
            _write_parts(handle, waiting, waiting_bytes)
            waiting, waiting_bytes = [], 0
    ending = end_of_entry(content_bytes, facts)
    _write_parts(handle, [*waiting, ending], waiting_bytes + len(ending))
    return content_bytes + len(ending)


def end_of_entry(content_bytes: int, facts: Mapping[str, object]) -> bytes:
    """What follows the content, so that the file has whole blocks: entries of one series have one size."""
    encoded = _JSON.encode(facts).encode()
    encoded += b" " * (-(content_bytes + len(encoded) + _TRAILER.size) % _BLOCK_BYTES)
    mark = _mark(content_bytes, encoded)
    return encoded + _TRAILER.pack(content_bytes, len(encoded), mark, _MAGIC)


def read_entry_file(path: Path) -> EntryFile:
    """Its facts, without its content. Raises EntryDamaged, FileNotFoundError, OSError."""
    with path.open("rb") as file:
        size_bytes = os.fstat(file.fileno()).st_size
        if size_bytes < _TRAILER.size:
            raise EntryDamaged("shorter than any entry")
        file.seek(size_bytes - _TRAILER.size)
        content_bytes, facts_bytes, mark, magic = _TRAILER.unpack(file.read(_TRAILER.size))
        if magic != _MAGIC or content_bytes + facts_bytes + _TRAILER.size != size_bytes:
            raise EntryDamaged("no trailer where the file ends")
        file.seek(content_bytes)
        encoded = file.read(facts_bytes)
    if _mark(content_bytes, encoded) != mark:
        raise EntryDamaged("the facts are not what was written")
    return EntryFile(path, json.loads(encoded), content_bytes)


def _write_parts(handle: int, parts: Sequence[bytes], size_bytes: int) -> None:
    """In one call, where the system takes them: each call gives the interpreter away and waits for it."""
    written = os.writev(handle, parts)
    if written < size_bytes:
        write_all(handle, b"".join(parts)[written:])


def write_all(handle: int, piece: bytes) -> None:
    """As os.write, but all of it. Raises OSError."""
    written = os.write(handle, piece)
    while written < len(piece):
        written += os.write(handle, memoryview(piece)[written:])


def _mark(content_bytes: int, encoded: bytes) -> bytes:
    return hashlib.sha256(_LENGTHS.pack(content_bytes, len(encoded)) + encoded).digest()
