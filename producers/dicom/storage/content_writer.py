"""Bytes as they come, in bounded memory: small data sets stay in it, large ones go to an encrypted file."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

from producers.dicom.storage.content import Content, MemoryContent
from producers.dicom.storage.sealed_file import SealedFileWriter

MEMORY_LIMIT_BYTES = 16 * 2**20


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
        self._file: SealedFileWriter | None = None
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
            self._file = SealedFileWriter(self._directory)
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
