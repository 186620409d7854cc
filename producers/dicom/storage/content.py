"""What a C-STORE brings: bytes that are read as often as wanted, wherever they are."""

from __future__ import annotations

import io
from typing import BinaryIO, Protocol

BUFFER_BYTES = 2**16


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


def whole(content: Content) -> bytes:
    """All of it, in memory. One that is there is not copied."""
    if isinstance(content, MemoryContent):
        return content.data
    return beginning(content, content.size_bytes)


def beginning(content: Content, at_most_bytes: int) -> bytes:
    """The first bytes of it."""
    with content.open() as stream:
        return stream.read(at_most_bytes)
