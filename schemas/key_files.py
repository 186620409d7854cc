"""Key files: each is written aside, durable, and then put into its place whole."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def emptied(path: Path) -> None:
    """Put an empty file in the key's place. A process killed while it made the key left a second link."""
    for other in path.parent.glob(f"{path.stem}.*.new"):
        with suppress(FileNotFoundError):
            if other.samefile(path):
                other.unlink()
    with written_aside(str(path), b"") as aside:
        Path(aside).replace(path)
    sync_directory(path.parent)


def aside_of(path: str) -> str:
    """A name beside `path` that no other file has."""
    # Not by `tempfile`, which costs as much as all the calls to the system together.
    return f"{path.removesuffix('.key')}.{os.urandom(8).hex()}.new"


def write_new(name: str, content: bytes, *, durable: bool) -> None:
    """A file that was not there, mode 0600. `durable`: its bytes are on the disk."""
    handle = os.open(name, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    try:
        os.write(handle, content)  # some dozen bytes: written whole
        if durable:
            os.fdatasync(handle)
    finally:
        os.close(handle)


@contextmanager
def written_aside(path: str, content: bytes) -> Iterator[str]:
    """A durable file with `content` beside `path`, gone at the end."""
    name = aside_of(path)
    try:
        write_new(name, content, durable=True)
        yield name
    finally:
        with suppress(FileNotFoundError):
            os.unlink(name)  # noqa: PTH108 - for each key; a Path costs as much as the call


def sync_directory(directory: Path | str) -> None:
    """What was linked, renamed or made in it is on the disk."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
