"""What a C-STORE brings, in bounded memory: small data sets in memory, large ones in an encrypted file.

The file has no name, so nothing is left of it when the process ends, and its key is in memory only: what a
disk may keep of it is noise. Each segment of it is AES-256-GCM with its number as the nonce, under a key of
its own, so that any offset is read without what stands before it.
"""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MEMORY_LIMIT_BYTES = 16 * 2**20
SEGMENT_BYTES = 2**18
_TAG_BYTES = 16
_NONCE_BYTES = 12
_BUFFER_BYTES = 2**16


class Content(Protocol):
    """Bytes that are read as often as wanted, by several readers at a time, until `close`."""

    @property
    def size_bytes(self) -> int:
        """How many."""

    def open(self) -> BinaryIO:
        """A seekable stream of all of them, at its beginning. The caller closes it."""

    def close(self) -> None:
        """Let go of memory or disk. Idempotent."""


class MemoryContent:
    """In memory."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    @property
    def size_bytes(self) -> int:
        """How many."""
        return len(self._data)

    @property
    def data(self) -> bytes:
        """All of them."""
        return self._data

    def open(self) -> BinaryIO:
        """Copies nothing."""
        return io.BytesIO(self._data)

    def close(self) -> None:
        """Let go of the memory."""
        self._data = b""


class ChainedContent:
    """One content after the other."""

    def __init__(self, parts: Sequence[Content]) -> None:
        self._parts = tuple(parts)

    @property
    def size_bytes(self) -> int:
        """How many."""
        return sum(part.size_bytes for part in self._parts)

    def open(self) -> BinaryIO:
        """Reads each part as it comes to it."""
        return io.BufferedReader(_Chain([part.open() for part in self._parts]), _BUFFER_BYTES)

    def close(self) -> None:
        """Close the parts."""
        for part in self._parts:
            part.close()


class TailContent:
    """What stands in another content from `at` on."""

    def __init__(self, content: Content, at: int) -> None:
        self._content = content
        self._at = at

    @property
    def size_bytes(self) -> int:
        """How many."""
        return self._content.size_bytes - self._at

    def open(self) -> BinaryIO:
        """Reads as the other one does."""
        return io.BufferedReader(_Tail(self._content.open(), self._at, self.size_bytes), _BUFFER_BYTES)

    def close(self) -> None:
        """Close the other one."""
        self._content.close()


class ContentWriter:
    """Takes bytes as they come; `finish` once, or `close`.

    directory: where a large one's file is made. head: what stands before all that is written.
    """

    def __init__(
        self, directory: Path, memory_limit_bytes: int = MEMORY_LIMIT_BYTES, *, head: bytes = b""
    ) -> None:
        """Raises OSError as `write` does."""
        self._directory = directory
        self._limit = memory_limit_bytes
        self._memory: io.BytesIO | None = io.BytesIO()
        self._file: _SegmentWriter | None = None
        self._digest = hashlib.sha256()
        self.write(head)

    @property
    def sha256(self) -> bytes:
        """Of what was written, with its head: computed as it comes, while the sender sends the rest."""
        return self._digest.digest()

    def write(self, data: bytes | memoryview) -> None:
        """Append. Raises OSError where the disk does not take it."""
        self._digest.update(data)
        memory = self._memory
        if memory is not None:
            if memory.tell() + len(data) <= self._limit:
                memory.write(data)
                return
            self._file = _SegmentWriter(self._directory)
            self._file.write(memory.getbuffer())
            self._memory = None
        assert self._file is not None  # noqa: S101 - one of the two is there until the end
        self._file.write(data)

    def finish(self) -> Content:
        """What was written. Raises OSError where the disk does not take the rest."""
        if self._memory is not None:
            return MemoryContent(self._memory.getvalue())
        assert self._file is not None  # noqa: S101 - one of the two is there until the end
        return self._file.finish()

    def close(self) -> None:
        """Throw away what was written and not finished. Idempotent."""
        self._memory = io.BytesIO()
        if self._file is not None:
            self._file.close()


def whole(content: Content) -> bytes:
    """All of it, in memory. One that is there is not copied."""
    if isinstance(content, MemoryContent):
        return content.data
    return beginning(content, content.size_bytes)


def beginning(content: Content, at_most_bytes: int) -> bytes:
    """The first bytes of it."""
    with content.open() as stream:
        return stream.read(at_most_bytes)


class _SegmentWriter:
    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._file = tempfile.TemporaryFile(dir=directory, buffering=0)  # noqa: SIM115 - it outlives the call
        self._aead = AESGCM(os.urandom(32))
        self._pending = bytearray()
        self._segments = 0
        self._size_bytes = 0

    def write(self, data: bytes | memoryview) -> None:
        self._size_bytes += len(data)
        self._pending += data
        if len(self._pending) >= SEGMENT_BYTES:
            whole_bytes = len(self._pending) - len(self._pending) % SEGMENT_BYTES
            with memoryview(self._pending) as view:
                for start in range(0, whole_bytes, SEGMENT_BYTES):
                    self._put(view[start : start + SEGMENT_BYTES])
            del self._pending[:whole_bytes]

    def finish(self) -> Content:
        if self._pending:
            self._put(self._pending)
            self._pending = bytearray()
        return _FileContent(self._file, self._aead, self._size_bytes)

    def close(self) -> None:
        self._file.close()

    def _put(self, segment: bytearray | memoryview) -> None:
        sealed = memoryview(self._aead.encrypt(_nonce(self._segments), segment, None))
        while sealed:
            sealed = sealed[self._file.write(sealed) :]
        self._segments += 1


class _FileContent:
    def __init__(self, file: BinaryIO | io.FileIO, aead: AESGCM, size_bytes: int) -> None:
        self._file = file
        self._aead = aead
        self._size_bytes = size_bytes

    @property
    def size_bytes(self) -> int:
        return self._size_bytes

    def open(self) -> BinaryIO:
        return io.BufferedReader(_Segments(self._file.fileno(), self._aead, self._size_bytes), _BUFFER_BYTES)

    def close(self) -> None:
        self._file.close()


class _Seekable(io.RawIOBase):
    """A raw stream of known size; `_at` is where it stands."""

    name = ""  # pydicom asks every buffered reader for the name of its file

    def __init__(self, size_bytes: int) -> None:
        self._size_bytes = size_bytes
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size_bytes}[whence]
        self._at = max(0, base + offset)
        return self._at

    def tell(self) -> int:
        return self._at


class _Segments(_Seekable):
    def __init__(self, descriptor: int, aead: AESGCM, size_bytes: int) -> None:
        super().__init__(size_bytes)
        self._descriptor = descriptor
        self._aead = aead
        self._number = -1
        self._opened = b""

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # what BufferedReader gives
        """OSError where the disk does not give back what was written."""
        if self._at >= self._size_bytes:
            return 0
        number, offset = divmod(self._at, SEGMENT_BYTES)
        if number != self._number:
            self._opened = self._read(number)
            self._number = number
        found = memoryview(self._opened)[offset : offset + len(buffer)]
        buffer[: len(found)] = found
        self._at += len(found)
        return len(found)

    def _read(self, number: int) -> bytes:
        length = min(SEGMENT_BYTES, self._size_bytes - number * SEGMENT_BYTES) + _TAG_BYTES
        sealed = os.pread(self._descriptor, length, number * (SEGMENT_BYTES + _TAG_BYTES))
        try:
            return self._aead.decrypt(_nonce(number), sealed, None)
        except InvalidTag:
            raise OSError("a temporary file is not what was written") from None


class _Tail(_Seekable):
    def __init__(self, stream: BinaryIO, first: int, size_bytes: int) -> None:
        super().__init__(size_bytes)
        self._stream = stream
        self._first = first

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # what BufferedReader gives
        self._stream.seek(self._first + self._at)
        count: int = self._stream.readinto(buffer)  # type: ignore[attr-defined]  # each has it
        self._at += count
        return count

    def close(self) -> None:
        self._stream.close()
        super().close()


class _Chain(_Seekable):
    def __init__(self, streams: Sequence[BinaryIO]) -> None:
        self._streams = streams
        self._ends: list[int] = []
        for stream in streams:
            size = stream.seek(0, io.SEEK_END)
            stream.seek(0)
            self._ends.append(size + (self._ends[-1] if self._ends else 0))
        super().__init__(self._ends[-1] if self._ends else 0)

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # what BufferedReader gives
        start = 0
        for stream, end in zip(self._streams, self._ends, strict=True):
            if self._at < end:
                stream.seek(self._at - start)
                count: int = stream.readinto(buffer[: end - self._at])  # type: ignore[attr-defined]  # each has it
                self._at += count
                return count
            start = end
        return 0

    def close(self) -> None:
        for stream in self._streams:
            stream.close()
        super().close()


def _nonce(number: int) -> bytes:
    return number.to_bytes(_NONCE_BYTES, "big")
