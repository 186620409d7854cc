"""One entry of the spool as a file: its content, then what is known of it, then a checksummed trailer.

    content   the sealed object of an image; nothing for a note
    facts     JSON in UTF-8
    trailer   8 bytes  length of the content
              4 bytes  length of the facts
             32 bytes  SHA-256 of both lengths and the facts
              8 bytes  b"RADSPL" and the version, 1

Integers are big-endian. The facts come after the content, since they have its digest, and the content goes
to the file piece by piece. No entry that breaks off has a trailer where the file ends.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

_MAGIC = b"RADSPL\x00\x01"
_LENGTHS = struct.Struct(">QI")
_TRAILER = struct.Struct(">QI32s8s")
_CHUNK_BYTES = 1 << 20


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

    def check_content(self, sha256: str) -> None:
        """Raises EntryDamaged where the content has another digest, OSError."""
        digest, left = hashlib.sha256(), self.content_bytes
        with self.open_content() as file:
            while left and (piece := file.read(min(left, _CHUNK_BYTES))):
                digest.update(piece)
                left -= len(piece)
        if left or digest.hexdigest() != sha256:
            raise EntryDamaged("the content is not what was written")


def write_content(handle: int, pieces: Iterable[bytes]) -> Digest:
    """Write the content; what it was. Raises OSError."""
    digest, size_bytes = hashlib.sha256(), 0
    for piece in pieces:
        digest.update(piece)
        write_all(handle, piece)
        size_bytes += len(piece)
    return Digest(size_bytes, digest.hexdigest())


def end_of_entry(content_bytes: int, facts: Mapping[str, object]) -> bytes:
    """What follows the content."""
    encoded = json.dumps(facts, separators=(",", ":")).encode()
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


def write_all(handle: int, piece: bytes) -> None:
    """As os.write, but all of it. Raises OSError."""
    written = os.write(handle, piece)
    while written < len(piece):
        written += os.write(handle, memoryview(piece)[written:])


def _mark(content_bytes: int, encoded: bytes) -> bytes:
    return hashlib.sha256(_LENGTHS.pack(content_bytes, len(encoded)) + encoded).digest()
