"""Raw streams whose size is known beforehand."""

from __future__ import annotations

import io


class Seekable(io.RawIOBase):
    """A raw stream of known size; `_at` is where it stands."""

    name = ""  # pydicom asks every buffered reader for the name of its file

    def __init__(self, size_bytes: int) -> None:
        """At its beginning."""
        self._size_bytes = size_bytes
        self._at = 0

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """As io.IOBase has it; before the beginning is the beginning."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size_bytes}[whence]
        self._at = max(0, base + offset)
        return self._at

    def tell(self) -> int:
        """Where it stands."""
        return self._at
