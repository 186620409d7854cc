"""The images in the archive, as the log says, and which of them went where: SQLite, pseudonyms only.

Offsets stand in the same transaction as what was read, so a crash loses nothing and counts nothing twice. A
missing file is rebuilt from the log; only what went where is then unknown, and goes again where an event asks
for it.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from schemas.events import InstanceStored
from sinks.dicom.indexed import IndexedImage, IndexedStudy

# Of which event an image stands in the index.
INDEXED = (InstanceStored,)
_BUSY_S = 30.0
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SCHEMA = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
CREATE TABLE IF NOT EXISTS images (
    image INTEGER PRIMARY KEY,
    object_key TEXT NOT NULL UNIQUE,
    study_instance_uid TEXT NOT NULL,
    sop_instance_uid TEXT NOT NULL,
    sop_class_uid TEXT NOT NULL,
    transfer_syntax_uid TEXT NOT NULL,
    modality TEXT,
    body_part TEXT,
    calling_ae_title TEXT NOT NULL,
    exam_id TEXT NOT NULL,
    accession_number TEXT,
    site TEXT NOT NULL,
    patient_key TEXT,
    acquired_us INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS images_of_study ON images (study_instance_uid);
CREATE INDEX IF NOT EXISTS images_of_patient ON images (patient_key);
CREATE TABLE IF NOT EXISTS sent (
    destination TEXT NOT NULL,
    image INTEGER NOT NULL,
    cause TEXT NOT NULL,
    sent_us INTEGER NOT NULL,
    PRIMARY KEY (destination, image)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS offsets (partition INTEGER PRIMARY KEY, next_offset INTEGER NOT NULL);
"""
_ADD = """
INSERT INTO images VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (object_key) DO NOTHING
"""
_TO_SEND = """
SELECT i.image, i.object_key, i.sop_instance_uid, i.sop_class_uid, i.transfer_syntax_uid, i.calling_ae_title
FROM images i LEFT JOIN sent s ON s.image = i.image AND s.destination = ?
WHERE i.study_instance_uid = ? AND (s.image IS NULL OR (s.cause <> ? AND s.sent_us < ?))
ORDER BY i.object_key
"""
_SENT = """
SELECT count(*) FROM images i JOIN sent s ON s.image = i.image AND s.destination = ?
WHERE i.study_instance_uid = ? AND s.cause = ?
"""
_STUDY = """
SELECT study_instance_uid, max(exam_id), max(accession_number), max(site), max(patient_key), min(acquired_us),
    json_group_array(DISTINCT modality), json_group_array(DISTINCT body_part),
    json_group_array(DISTINCT calling_ae_title)
FROM images WHERE {} = ? GROUP BY study_instance_uid
"""


class ImageIndex:
    """Used from any thread; another process may have it open too."""

    def __init__(self, directory: Path) -> None:
        """Open or make it. Raises OSError, sqlite3.Error."""
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._db = sqlite3.connect(directory / "images.sqlite", timeout=_BUSY_S, check_same_thread=False)
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    def offsets(self) -> dict[int, int]:
        """By partition the next offset to be read."""
        with self._lock:
            return dict(self._db.execute("SELECT partition, next_offset FROM offsets"))

    def add(self, images: Iterable[InstanceStored], offsets: Mapping[int, int]) -> None:
        """Images that the log says are stored, and how far it was read: both, or neither.

        Of an image that was received again the first sender stays.
        """
        with self._lock, self._db:
            self._db.executemany(_ADD, [_row(image) for image in images])
            self._db.executemany("INSERT OR REPLACE INTO offsets VALUES (?, ?)", offsets.items())

    def study(self, study_instance_uid: str) -> IndexedStudy | None:
        """The study; None where no image of it is stored."""
        found = self._studies("study_instance_uid", study_instance_uid)
        return found[0] if found else None

    def studies_of(self, patient_key: str) -> Sequence[IndexedStudy]:
        """All studies of the patient."""
        return self._studies("patient_key", patient_key)

    def to_send(
        self, destination: str, study_instance_uid: str, cause: str, again_before: datetime | None
    ) -> list[IndexedImage]:
        """Images of the study that have not gone to the destination.

        cause: the event that they go for; what went for it stays sent. What went for another one before
        `again_before` goes again.
        """
        before_us = 0 if again_before is None else _microseconds(again_before)
        with self._lock:
            rows = self._db.execute(_TO_SEND, (destination, study_instance_uid, cause, before_us))
            return [IndexedImage(*row) for row in rows]

    def note_sent(self, destination: str, image: IndexedImage, cause: str, sent_at: datetime) -> None:
        """The destination has taken the image."""
        row = (destination, image.number, cause, _microseconds(sent_at))
        with self._lock, self._db:
            self._db.execute("INSERT OR REPLACE INTO sent VALUES (?, ?, ?, ?)", row)

    def sent_count(self, destination: str, study_instance_uid: str, cause: str) -> int:
        """Images of the study that went to the destination for `cause`."""
        with self._lock:
            rows = self._db.execute(_SENT, (destination, study_instance_uid, cause))
            return int(rows.fetchone()[0])

    def _studies(self, column: str, value: str) -> list[IndexedStudy]:
        with self._lock:
            rows = self._db.execute(_STUDY.format(column), (value,)).fetchall()
        return [_study(row) for row in rows]


def _row(event: InstanceStored) -> tuple[str | int | None, ...]:
    envelope = event.envelope
    return (
        event.object_key,
        event.study_instance_uid,
        event.sop_instance_uid,
        event.sop_class_uid,
        event.transfer_syntax_uid,
        event.modality,
        event.body_part,
        event.calling_ae_title,
        envelope.exam_id,
        event.accession_number,
        envelope.site,
        envelope.patient_key,
        _microseconds(event.acquired_at or envelope.occurred_at),
    )


def _study(row: Sequence[str | int | None]) -> IndexedStudy:
    uid, exam_id, accession_number, site, patient_key, acquired_us, *lists = row
    modalities, body_parts, titles = (frozenset(json.loads(str(texts))) - {None} for texts in lists)
    return IndexedStudy(
        study_instance_uid=str(uid),
        exam_id=str(exam_id),
        accession_number=None if accession_number is None else str(accession_number),
        site=str(site),
        patient_key=None if patient_key is None else str(patient_key),
        acquired_at=_EPOCH + timedelta(microseconds=int(acquired_us or 0)),
        modalities=modalities,
        body_parts=body_parts,
        calling_ae_titles=titles,
    )


def _microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)
