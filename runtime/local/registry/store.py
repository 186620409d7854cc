"""The registry's data in SQLite: every change is on disk before it is answered (`synchronous=FULL`)."""

from __future__ import annotations

import fcntl
import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from runtime.local.registry.avro_schema import Reference, SchemaText
from runtime.local.registry.config import RegistryConfig
from runtime.local.registry.errors import StartError

_GLOBAL: Final = ""  # no subject has this name
_TABLES: Final = """
CREATE TABLE IF NOT EXISTS schemas (
    id INTEGER PRIMARY KEY AUTOINCREMENT,   -- never given twice
    fingerprint TEXT NOT NULL UNIQUE,
    text TEXT NOT NULL,
    refs TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS versions (
    subject TEXT NOT NULL,
    version INTEGER NOT NULL,
    schema_id INTEGER NOT NULL REFERENCES schemas (id),
    deleted INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (subject, version)
);
CREATE INDEX IF NOT EXISTS versions_by_schema ON versions (schema_id);
CREATE TABLE IF NOT EXISTS options (
    subject TEXT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (subject, name)
);
"""


@dataclass(frozen=True, slots=True)
class Version:
    """One version of one subject."""

    subject: str
    version: int
    schema_id: int
    fingerprint: str
    schema: SchemaText
    deleted: bool


class Store:
    """Subjects, versions and options. One thread uses it. Raises StartError if it cannot be opened."""

    def __init__(self, config: RegistryConfig) -> None:
        self._path = config.database_path
        try:
            config.directory.mkdir(parents=True, exist_ok=True)
            self._lock = (config.directory / "lock").open("a")
        except OSError as error:
            message = f"cannot write to {config.directory}: {error.strerror}. Free space or make it writable."
            raise StartError(message) from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._db = _open(self._path)
        except BlockingIOError as error:
            self._lock.close()
            message = f"{config.directory} is in use by another registry. Stop that one (radstream down)."
            raise StartError(message) from error
        except sqlite3.Error as error:
            self._lock.close()
            raise StartError(_advice(self._path, error)) from error

    def close(self) -> None:
        """Close the database and release the directory."""
        self._db.close()
        self._lock.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All changes within the block, or none."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def versions(
        self, *, subject: str | None = None, schema_id: int | None = None, fingerprint: str | None = None
    ) -> list[Version]:
        """All versions that match, deleted ones too, in order of subject and version."""
        rows = self._db.execute(
            "SELECT subject, version, schema_id, fingerprint, text, refs, deleted"
            " FROM versions JOIN schemas ON id = schema_id"
            " WHERE subject = ifnull(?, subject) AND schema_id = ifnull(?, schema_id)"
            " AND fingerprint LIKE ifnull(?, '') || '%' ORDER BY subject, version",
            (subject, schema_id, fingerprint),
        )
        return [_version(row) for row in rows]

    def add(self, subject: str, version: int, schema: SchemaText) -> int:
        """Add a version; the id of its schema, the same for the same schema in any subject."""
        schema_id = self._schema_id(schema)
        self._db.execute(
            "INSERT INTO versions (subject, version, schema_id) VALUES (?, ?, ?)",
            (subject, version, schema_id),
        )
        return schema_id

    def mark_deleted(self, subject: str, version: int) -> None:
        """Delete a version for readers; writers of the same schema keep its id."""
        self._db.execute(
            "UPDATE versions SET deleted = 1 WHERE subject = ? AND version = ?", (subject, version)
        )

    def erase(self, subject: str, version: int) -> None:
        """Delete a version for good."""
        self._db.execute("DELETE FROM versions WHERE subject = ? AND version = ?", (subject, version))

    def option(self, name: str, subject: str | None = None) -> str | None:
        """A subject's option, or the global one."""
        row = self._db.execute(
            "SELECT value FROM options WHERE subject = ? AND name = ?", (subject or _GLOBAL, name)
        ).fetchone()
        return None if row is None else str(row[0])

    def set_option(self, name: str, value: str | None, subject: str | None = None) -> None:
        """Set an option, or with None take it back."""
        self._db.execute("DELETE FROM options WHERE subject = ? AND name = ?", (subject or _GLOBAL, name))
        if value is not None:
            self._db.execute("INSERT INTO options VALUES (?, ?, ?)", (subject or _GLOBAL, name, value))

    def _schema_id(self, schema: SchemaText) -> int:
        known = self._db.execute(
            "SELECT id FROM schemas WHERE fingerprint = ?", (schema.fingerprint,)
        ).fetchone()
        if known is not None:
            return int(known[0])
        refs = json.dumps([reference.as_json() for reference in schema.references])
        added = self._db.execute(
            "INSERT INTO schemas (fingerprint, text, refs) VALUES (?, ?, ?) RETURNING id",
            (schema.fingerprint, schema.compact, refs),
        ).fetchone()
        return int(added[0])


def _open(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("PRAGMA foreign_keys = ON")
    (verdict,) = db.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        db.close()
        raise sqlite3.DatabaseError(verdict)
    db.executescript(_TABLES)
    return db


def _version(row: tuple[str, int, int, str, str, str, int]) -> Version:
    subject, version, schema_id, fingerprint, text, refs, deleted = row
    references = tuple(Reference(**reference) for reference in json.loads(refs))
    return Version(subject, version, schema_id, fingerprint, SchemaText(text, references), bool(deleted))


def _advice(path: Path, error: sqlite3.Error) -> str:
    if "full" in str(error) or "readonly" in str(error):
        return f"cannot write {path}: {error}. Free space or make the directory writable."
    return (
        f"{path} is damaged: {error}. Move it aside (keep it) and restore it from a backup. Without one, "
        "start with an empty registry and register every schema in its original order, "
        "so that the ids in the log hold."
    )
