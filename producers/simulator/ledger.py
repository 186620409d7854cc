"""The simulator's memory: an append-only file of JSON lines that survives kill -9.

What was acknowledged is on the disk before the next message of that exam goes out, so a restart with the
same run id sends again at most what was in flight. One file may hold several runs; one process writes it.

    LedgerError
    ├── LedgerInUse          another process writes this ledger
    ├── LedgerDamaged        a line in its middle is no entry
    └── LedgerOfAnotherPlan  this run was begun with another seed, department or number of exams
"""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from types import TracebackType

from producers.simulator.ledger_entries import (
    InvalidEntry,
    Kind,
    LedgerEntry,
    LedgerSummary,
    Tally,
    entry_of,
    summarise,
)


class LedgerError(Exception):
    """The ledger cannot be used; the message says what to do."""


class LedgerInUse(LedgerError):
    """Another process writes this ledger."""


class LedgerDamaged(LedgerError):
    """A line that is not the last one is no entry."""


class LedgerOfAnotherPlan(LedgerError):
    """The run was begun under another plan."""


class Ledger:
    """One run's part of a ledger file, open for appending. Made by `open_ledger`."""

    def __init__(self, descriptor: int, run: LedgerEntry, tally: Tally) -> None:
        self._descriptor = descriptor
        self._run = run
        self.tally = tally
        self._written = 0
        self._durable = 0
        self._syncing = asyncio.Lock()

    def __enter__(self) -> Ledger:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.fsync(self._descriptor)
        os.close(self._descriptor)

    @property
    def started_at(self) -> datetime:
        """When this run's department opened, in department time."""
        return datetime.fromisoformat(self._run.started_at or "")

    def note(self, entry: LedgerEntry) -> None:
        """Write `entry`: kill -9 does not lose it, a power cut may. Raises OSError."""
        _write_all(self._descriptor, entry.line())
        self._written += 1
        self.tally.add(entry)

    async def record(self, entry: LedgerEntry) -> None:
        """Write `entry` and wait until it is on the disk. Raises OSError.

        All who wait at the same time share one fsync.
        """
        self.note(entry)
        ticket = self._written
        async with self._syncing:
            if self._durable < ticket:
                covered = self._written
                await asyncio.to_thread(os.fsync, self._descriptor)
                self._durable = covered


def open_ledger(path: Path, run: LedgerEntry) -> Ledger:
    """Open (or begin) the ledger for `run`, the entry that would begin it; a torn last line is cut off.

    Where the run is already in the file, its own first entry counts, not `run`.
    Raises LedgerError, OSError.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        _lock(descriptor, path)
        _cut_torn_line(descriptor, path)
        tally = Tally()
        begun: LedgerEntry | None = None
        for entry in entries_of(path, run.run):
            begun = entry if begun is None and entry.kind is Kind.RUN else begun
            tally.add(entry)
        if begun is not None and begun.plan != run.plan:
            raise LedgerOfAnotherPlan(
                f"{path}: run {run.run} was begun with another seed, site, department or number of exams; "
                "use these, or another run id"
            )
        ledger = Ledger(descriptor, begun or run, tally)
        if begun is None:
            ledger.note(run)
            os.fsync(descriptor)
            _sync_directory(path.parent)
    except BaseException:
        os.close(descriptor)
        raise
    return ledger


def summary_of(path: Path, run_id: str) -> LedgerSummary:
    """The summary of one run in a ledger that may be open elsewhere. Raises LedgerDamaged, OSError."""
    return summarise(entries_of(path, run_id))


def last_endless_run(path: Path, prefix: str) -> LedgerEntry | None:
    """The first entry of the endless run that was begun last, of those whose ids begin with `prefix`.

    Raises LedgerDamaged, OSError.
    """
    last = None
    for entry in _entries(path) if path.exists() else ():
        if entry.kind is Kind.RUN and entry.exams is None and entry.run.startswith(prefix):
            last = entry
    return last


def entries_of(path: Path, run_id: str) -> Iterator[LedgerEntry]:
    """The entries of one run, as far as they are written. Raises LedgerDamaged, OSError."""
    return (entry for entry in _entries(path) if entry.run == run_id)


def _entries(path: Path) -> Iterator[LedgerEntry]:
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.endswith(b"\n"):
                return  # being written, or torn
            try:
                entry = entry_of(line)
            except InvalidEntry:
                raise LedgerDamaged(
                    f"{path}, line {number}: no entry of a ledger; move the file away to begin a new one"
                ) from None
            yield entry


def _lock(descriptor: int, path: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise LedgerInUse(f"{path} is being written by another simulator: stop it first") from None


def _cut_torn_line(descriptor: int, path: Path) -> None:
    """What the last writer died over was never acknowledged as durable."""
    size = os.fstat(descriptor).st_size
    kept, block = size, 1 << 16
    with path.open("rb") as lines:
        while kept > 0:
            begin = max(0, kept - block)
            lines.seek(begin)
            end = lines.read(kept - begin).rfind(b"\n")
            if end >= 0:
                kept = begin + end + 1
                break
            kept = begin
    if kept < size:
        os.ftruncate(descriptor, kept)


def _write_all(descriptor: int, content: bytes) -> None:
    while content:
        content = content[os.write(descriptor, content) :]


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
