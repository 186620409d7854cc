"""Large contents in a file that has no name, encrypted.

Nothing is left of it when the process ends, and its key is in memory only: what a disk may keep of it is
noise. Each segment of it is AES-256-GCM with its number as the nonce, under a key of its own, so that any
offset is read without what stands before it.
"""

from __future__ import annotations

import io
import os
import tempfile
from pathlib import Path
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from producers.dicom.storage.content import BUFFER_BYTES, Content
from producers.dicom.storage.seekable import Seekable

SEGMENT_BYTES = 2**18
_TAG_BYTES = 16
_NONCE_BYTES = 12


class SealedFileWriter:
    """Takes bytes as they come; `finish` once, or `close`.

    Each raises OSError where the disk does not take what it is given.
    """

    def __init__(self, directory: Path) -> None:
        """`directory`: where the file is made."""
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._file = tempfile.TemporaryFile(dir=directory, buffering=0)  # noqa: SIM115 - it outlives the call
        self._aead = AESGCM(os.urandom(32))
        self._pending = bytearray()
        self._segments = 0
        self._size_bytes = 0

    def write(self, data: bytes | memoryview) -> None:
        """Append."""
        self._size_bytes += len(data)
        self._pending += data
        if len(self._pending) >= SEGMENT_BYTES:
            whole_bytes = len(self._pending) - len(self._pending) % SEGMENT_BYTES
            with memoryview(self._pending) as view:
                for start in range(0, whole_bytes, SEGMENT_BYTES):
                    self._put(view[start : start + SEGMENT_BYTES])
            del self._pending[:whole_bytes]

    def finish(self) -> Content:
        """What was written."""
        if self._pending:
            self._put(self._pending)
            self._pending = bytearray()
        return _FileContent(self._file, self._aead, self._size_bytes)

    def close(self) -> None:
        """Throw it away. Idempotent."""
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
        return io.BufferedReader(_Segments(self._file.fileno(), self._aead, self._size_bytes), BUFFER_BYTES)

    def close(self) -> None:
        self._file.close()


class _Segments(Seekable):
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


def _nonce(number: int) -> bytes:
    return number.to_bytes(_NONCE_BYTES, "big")
