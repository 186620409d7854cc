"""The data directory: made, checked and held by one supervisor at a time."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from runtime.stack.errors import AlreadyRunning, DataDirectoryError

LAYOUT_VERSION = 1  # of the data directory; raised when an older program could no longer read it
MINIMUM_FREE_BYTES = 500_000_000
LOCK_PATIENCE_S = 1.0


def prepare_data_directory(data: Path) -> None:
    """Makes the directory and its own subdirectories (mode 0700) and checks that it can be used.

    Raises `DataDirectoryError`: not a directory, not writable, nearly full, or of a newer version.
    """
    try:
        for directory in (data, data / "run", data / "logs", data / "secrets"):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        _check_writable(data)
        _check_version(data)
    except OSError as error:
        raise DataDirectoryError(_explain(data, error)) from error
    free = shutil.disk_usage(data).free
    if free < MINIMUM_FREE_BYTES:
        raise DataDirectoryError(
            f"only {free // 1_000_000} MB free for the data directory {data}; at least "
            f"{MINIMUM_FREE_BYTES // 1_000_000} MB are needed: free some space, "
            "or set RADSTREAM_DATA to a directory on a larger disk"
        )


@contextmanager
def lock_data_directory(data: Path) -> Iterator[None]:
    """Holds the directory; `AlreadyRunning` names the process that holds it already.

    The kernel drops the lock with the process, so that kill -9 leaves nothing to clean up.
    """
    with (data / "run" / "lock").open("a+", encoding="ascii") as lock:
        if not _acquire(lock):
            lock.seek(0)
            holder = lock.read().strip()
            raise AlreadyRunning(
                f"process {holder or 'unknown'} runs a stack on {data} already: `radstream down` stops it, "
                "or choose another directory with --data (RADSTREAM_DATA)",
                pid=int(holder) if holder.isdigit() else None,
            )
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield
        lock.truncate(0)


def _acquire(lock: IO[str]) -> bool:
    """Waits a moment, so that `down` followed by `up` works while the first one still exits."""
    deadline = time.monotonic() + LOCK_PATIENCE_S
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        else:
            return True


def _check_writable(data: Path) -> None:
    trial = data / "run" / f".writable.{os.getpid()}"
    trial.write_bytes(b"x" * 4096)  # mode bits do not tell of read-only mounts and quotas
    trial.unlink()


def _check_version(data: Path) -> None:
    path = data / "VERSION"
    if not path.exists():
        draft = path.with_name(f".VERSION.{os.getpid()}")
        draft.write_text(f"{LAYOUT_VERSION}\n", "ascii")
        draft.replace(path)
        return
    text = path.read_text("utf-8", errors="replace").strip()
    if not text.isdecimal():
        raise DataDirectoryError(
            f"{path} should hold a number and holds {text[:40]!r}: is {data} really a data directory of "
            "radstream? Choose another with RADSTREAM_DATA, or write the number back"
        )
    if int(text) > LAYOUT_VERSION:
        raise DataDirectoryError(
            f"{data} was made by a newer radstream (layout {text}, this one knows {LAYOUT_VERSION}): "
            "upgrade radstream, or choose another directory with RADSTREAM_DATA"
        )


def _explain(data: Path, error: OSError) -> str:
    place = error.filename or data
    reason = {
        errno.EACCES: f"the data directory {data} is not writable by this user ({place})",
        errno.EPERM: f"the data directory {data} is not writable by this user ({place})",
        errno.EROFS: f"the data directory {data} is on a read-only file system",
        errno.ENOSPC: f"the disk of the data directory {data} is full: free some space,",
        errno.EDQUOT: f"the disk quota for the data directory {data} is used up: free some space,",
        errno.ENOTDIR: f"{place} is in the way of the data directory {data}: it is a file",
        errno.EEXIST: f"{place} is in the way of the data directory {data}: it is a file",
    }.get(error.errno or 0, f"the data directory {data} cannot be used ({error})")
    joint = " or" if reason.endswith(",") else ":"
    return f"{reason.rstrip(',')}{joint} choose another directory with RADSTREAM_DATA (--data)"
