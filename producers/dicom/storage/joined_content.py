"""Contents made of others: one after the other, or without the beginning."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import BinaryIO

from producers.dicom.storage.content import BUFFER_BYTES, Content
from producers.dicom.storage.seekable import Seekable


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
        return io.BufferedReader(_Chain([part.open() for part in self._parts]), BUFFER_BYTES)

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
        return io.BufferedReader(_Tail(self._content.open(), self._at, self.size_bytes), BUFFER_BYTES)

    def close(self) -> None:
        """Close the other one."""
        self._content.close()


class _Tail(Seekable):
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


class _Chain(Seekable):
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
