"""The file with users, sessions and tokens: SQLite, shared by the dashboard and `radstream user`."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

_BUSY_TIMEOUT_S = 10.0
_VERSION = 1
_TABLES = """
CREATE TABLE users (
    name TEXT PRIMARY KEY,
    roles TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    created_at TEXT NOT NULL,
    password_changed_at TEXT NOT NULL
) STRICT;
CREATE TABLE tokens (
    token_id TEXT PRIMARY KEY,
    secret_sha256 BLOB NOT NULL UNIQUE,
    user TEXT NOT NULL REFERENCES users (name) ON DELETE CASCADE,
    label TEXT NOT NULL,
    created_at TEXT NOT NULL,
    expires_at TEXT NOT NULL
) STRICT;
CREATE TABLE sessions (
    secret_sha256 BLOB PRIMARY KEY,
    user TEXT NOT NULL,
    local_user TEXT REFERENCES users (name) ON DELETE CASCADE,
    roles TEXT NOT NULL,
    csrf_token TEXT NOT NULL,
    signed_in_s REAL NOT NULL,
    seen_s REAL NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_of_local_users ON sessions (local_user);
"""


class AccessDatabase:
    """Two connections, each for several threads one after the other: readers do not wait for the disk."""

    def __init__(self, path: Path) -> None:
        """Opens the file, made where it is missing. Raises sqlite3.Error, OSError."""
        self.path = path
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # SQLite's own files beside it get the same mode.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        path.chmod(0o600)
        self._writes, self._reads = Lock(), Lock()
        self._writer = _connected(path)
        with self.writing() as connection:
            if connection.execute("PRAGMA user_version").fetchone()[0] < _VERSION:
                for statement in filter(str.strip, _TABLES.split(";")):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {_VERSION}")
        self._reader = _connected(path)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Whoever writes meanwhile does not hold this up."""
        with self._reads:
            yield self._reader

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction: on disk when it is left, or not done at all."""
        with self._writes:
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
            except BaseException:
                self._writer.execute("ROLLBACK")
                raise
            self._writer.execute("COMMIT")

    def close(self) -> None:
        """End the connections."""
        with self._writes, self._reads:
            self._reader.close()
            self._writer.close()


def _connected(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, _BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
    # What was taken away stays away through a power cut: every change waits for the disk.
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}")
    return connection
