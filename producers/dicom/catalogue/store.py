"""The catalogue's file: SQLite, made from the log, and so never precious.

A study stands here once for each data key that sealed what is said of its images (`key_id`): so what an
erased patient left is told from what came later. There are pseudonyms and ciphertext only.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

# Raised with each change of the tables: an older file is made anew from the log.
_VERSION = 1
_BUSY_S = 5.0
_TABLES = """
CREATE TABLE places(partition INTEGER PRIMARY KEY, last_offset INTEGER NOT NULL, digest BLOB NOT NULL);
CREATE TABLE issuers(name TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE studies(
    id INTEGER PRIMARY KEY,
    study_instance_uid TEXT NOT NULL,
    key_id TEXT NOT NULL,
    patient_key TEXT,
    exam_id TEXT NOT NULL,
    accession_number TEXT NOT NULL,
    study_date TEXT NOT NULL,
    study_time TEXT NOT NULL,
    study_id TEXT NOT NULL,
    UNIQUE(study_instance_uid, key_id)
);
CREATE INDEX studies_by_date ON studies(study_date, id);
CREATE INDEX studies_by_patient ON studies(patient_key);
CREATE INDEX studies_by_accession ON studies(accession_number);
CREATE TABLE series(
    id INTEGER PRIMARY KEY,
    study INTEGER NOT NULL,
    series_instance_uid TEXT NOT NULL,
    modality TEXT NOT NULL,
    series_number INTEGER,
    body_part TEXT NOT NULL,
    instance_count INTEGER NOT NULL,
    phi_event_id TEXT NOT NULL,
    phi_nonce BLOB,
    phi_ciphertext BLOB,
    UNIQUE(study, series_instance_uid)
);
CREATE INDEX series_by_uid ON series(series_instance_uid);
CREATE TABLE instances(
    id INTEGER PRIMARY KEY,
    series INTEGER NOT NULL,
    sop_instance_uid TEXT NOT NULL,
    sop_class_uid TEXT NOT NULL,
    transfer_syntax_uid TEXT NOT NULL,
    instance_number INTEGER,
    number_of_frames INTEGER,
    image_rows INTEGER,
    image_columns INTEGER,
    size_bytes INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    object_key TEXT,
    UNIQUE(series, sop_instance_uid)
);
CREATE INDEX instances_by_uid ON instances(sop_instance_uid);
CREATE VIEW study_totals AS SELECT
    s.id AS study,
    (SELECT count(*) FROM series n WHERE n.study = s.id) AS series_count,
    (SELECT sum(n.instance_count) FROM series n WHERE n.study = s.id) AS study_instance_count,
    (SELECT group_concat(DISTINCT n.modality) FROM series n WHERE n.study = s.id) AS modalities
FROM studies s;
"""


class CatalogueUnavailable(Exception):
    """The catalogue is being made, or its file cannot be read."""


def open_to_write(path: Path) -> sqlite3.Connection:
    """The one writer's connection; the tables are made where the file is new, an older one is made anew.

    Raises sqlite3.Error, OSError.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.exists() and _version(path) != _VERSION:
        discard(path)
    is_new = not path.exists()
    # SQLite gives its other files the mode of this one.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    connection = _connect(path)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        # In a power cut the last transactions may be lost: with their offsets, so that they are read again.
        connection.execute("PRAGMA synchronous=NORMAL")
        if is_new:
            connection.executescript(f"BEGIN;{_TABLES}PRAGMA user_version={_VERSION};COMMIT;")
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection for one thread. Raises CatalogueUnavailable where there is no catalogue yet."""
    try:
        connection = _connect(path)
    except sqlite3.Error:
        raise CatalogueUnavailable("no catalogue yet") from None
    with closing(connection):
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA query_only=1")
        yield connection


def discard(path: Path) -> None:
    """Take the file away: the next opening makes it anew."""
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def usual_key(study_instance_uid: str, series_instance_uid: str, sop_instance_uid: str) -> str:
    """The object store's key of an image, unless its event says otherwise."""
    return f"studies/{study_instance_uid}/{series_instance_uid}/{sop_instance_uid}.dcm"


def _version(path: Path) -> int:
    with closing(_connect(path)) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _connect(path: Path) -> sqlite3.Connection:
    """Raises sqlite3.OperationalError where there is no file."""
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", _BUSY_S, isolation_level=None, uri=True)
