"""The spool: what was acknowledged and is not archived yet, on disk, until the archiver has done with it.

One file for each entry, named by a number that only grows: `<number>.image` with the sealed object, or
`<number>.note` with something that the archiver shall know, in its order among the images. An entry is
written aside, synced, and only then gets its name, so no reader ever sees half of one. It holds no PHI in
clear. `producers/dicom/spool/reader.py` takes the entries out again.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import structlog

from producers.dicom.spool.directory_sync import DirectorySync
from producers.dicom.spool.entry import end_of_entry, write_all, write_image
from producers.dicom.spool.room import IMAGE, NOTE, SpoolRoom
from producers.dicom.spool.used_files import FreeFiles, end, is_worth_a_used_file

log = structlog.get_logger("dicom")

# Under the listener's state directory.
SPOOL_DIRECTORY = "spool"

# Kinds of notes.
ASSOCIATION_ENDED = "association_ended"
LISTENER_STARTED = "listener_started"
STEP_ENDED = "step_ended"
INSTANCES_AVAILABLE = "instances_available"
STORAGE_FAILED = "storage_failed"

_ASIDE = ".new"
# Facts and trailer of an image, and a file system's rounding; and, of its size, what sealing adds.
_OVERHEAD_BYTES = 8192
_SEALING_SHARE = 8192

Facts = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpoolConfig:
    """maximum_bytes: what it may hold. reserve_bytes: what it leaves free on its disk."""

    directory: Path
    maximum_bytes: int = 20 << 30
    reserve_bytes: int = 1 << 30


class Spool:
    """The writing side. Shared by all threads; several processes may write to one directory."""

    def __init__(self, config: SpoolConfig) -> None:
        """Raises OSError where the directory cannot be written."""
        directory = config.directory
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._directory = directory
        _remove_what_broke_off(directory)
        self._sync = DirectorySync(directory)
        self._free = FreeFiles(directory)
        self._room = SpoolRoom(directory, config.maximum_bytes, config.reserve_bytes)
        self._lock = threading.Lock()
        self._number = max(_highest_number(directory), time.time_ns() // 1000)

    def append_image(self, size_bytes: int, pieces: Iterable[bytes], facts: Facts) -> None:
        """Durable on return. `pieces`: the sealed object; `facts`: what is known of it.

        size_bytes: of the image, which is about what the object will have.

        Raises SpoolFull, OSError, and what `pieces` raises: then there is no entry.
        """
        room_bytes = size_bytes + size_bytes // _SEALING_SHARE + _OVERHEAD_BYTES
        with self._room.taken(room_bytes), self._entry(IMAGE, size_bytes) as handle:
            end(handle, write_image(handle, pieces, facts))

    def note(self, kind: str, facts: Facts) -> None:
        """Durable on return: `facts`, as JSON has them, and when this was. Raises OSError.

        Notes are small and there are few: the bound is not for them.
        """
        noted = {"kind": kind, "noted_at": datetime.now(UTC).isoformat(), "facts": dict(facts)}
        with self._entry(NOTE) as handle:
            write_all(handle, end_of_entry(0, noted))

    def close(self) -> None:
        """Let go of the directory."""
        self._sync.close()

    @contextmanager
    def _entry(self, suffix: str, size_bytes: int = 0) -> Iterator[int]:
        """A file to write, which becomes an entry where the block ends without error.

        size_bytes: about what an image will have.
        """
        with self._lock:
            self._number += 1
            name = f"{self._directory}/{self._number:020d}"
        handle = self._free.take(name + _ASIDE) if is_worth_a_used_file(size_bytes) else None
        if handle is None:
            handle = os.open(name + _ASIDE, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)  # says that we live: nobody takes it for what broke off
            yield handle
            os.fdatasync(handle)
            os.rename(name + _ASIDE, name + suffix)  # noqa: PTH104 - per image; a Path costs more than the call
        except BaseException:
            with suppress(OSError):
                os.unlink(name + _ASIDE)  # noqa: PTH108 - as above
            raise
        finally:
            os.close(handle)
        self._sync.sync()


def _highest_number(directory: Path) -> int:
    return max((int(path.stem) for path in directory.iterdir() if path.stem.isdecimal()), default=0)


def _remove_what_broke_off(directory: Path) -> None:
    """The files of a writer that is gone: nothing of them was acknowledged."""
    for path in directory.glob(f"*{_ASIDE}"):
        with suppress(FileNotFoundError), path.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue  # its writer lives
            path.unlink()
            log.info("an entry that broke off was removed", file=path.name)
