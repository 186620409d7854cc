"""The parts' log files: appended, bounded at each start, and quoted in errors."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

ROTATE_ABOVE_BYTES = 10_000_000
GENERATIONS = 2
TAIL_LINES = 12
TAIL_BYTES = 16_384


def log_path(data: Path, name: str) -> Path:
    """The log of one part."""
    return data / "logs" / f"{name}.log"


def open_log(data: Path, name: str) -> BinaryIO:
    """Opens a log to append to; one that has grown too large is moved to `.1` before, `.1` to `.2`."""
    path = log_path(data, name)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > ROTATE_ABOVE_BYTES:
        _rotate(path)
    return path.open("ab", buffering=0)


def log_tail(data: Path, name: str) -> str:
    """The last lines of a part's log, for an error message; empty if there are none."""
    path = log_path(data, name)
    try:
        with path.open("rb") as log:
            log.seek(max(0, path.stat().st_size - TAIL_BYTES))
            text = log.read().decode("utf-8", errors="replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-TAIL_LINES:])


def _rotate(path: Path) -> None:
    for generation in range(GENERATIONS, 0, -1):
        older = path.with_name(f"{path.name}.{generation - 1}") if generation > 1 else path
        if older.exists():
            older.replace(path.with_name(f"{path.name}.{generation}"))
