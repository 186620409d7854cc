"""The reconciler's index: exams by study and by patient, and what was already said, in one SQLite file.

It holds nothing that the topics do not: where it is missing, it is built again by reading them from their
beginning. The offsets stand in it too, so that a transaction moves both or neither.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import astuple, fields, replace
from pathlib import Path
from typing import Any

from processors.reconciler.known_exam import KnownExam

_EXAM_COLUMNS = ", ".join(field.name for field in fields(KnownExam))
_MARKS = ", ".join("?" for _ in fields(KnownExam))
_TABLES = f"""
CREATE TABLE IF NOT EXISTS exams ({_EXAM_COLUMNS}, PRIMARY KEY (exam_id)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS exams_by_study ON exams (study_instance_uid, exam_id);
CREATE TABLE IF NOT EXISTS chosen (exam_id PRIMARY KEY, into_exam_id) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS exam_patients
    (patient_key, exam_id, PRIMARY KEY (patient_key, exam_id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS patient_events (event_id PRIMARY KEY, value BLOB) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS patient_event_keys
    (patient_key, event_id, PRIMARY KEY (patient_key, event_id)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS keys_by_event ON patient_event_keys (event_id, patient_key);
CREATE TABLE IF NOT EXISTS said (event_id PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS offsets (topic, partition, next, PRIMARY KEY (topic, partition)) WITHOUT ROWID;
"""  # fixed names; the values go in as parameters
# All keys that merges tie to one, whatever became of the merges: the fold decides which of them stand.
_TIED = """
WITH RECURSIVE tied (patient_key) AS (
    SELECT ? UNION
    SELECT b.patient_key FROM tied
    JOIN patient_event_keys a ON a.patient_key = tied.patient_key
    JOIN patient_event_keys b ON b.event_id = a.event_id
)
"""
_EVENTS_OF_PERSON = f"""{_TIED}
SELECT DISTINCT event_id, value FROM tied
JOIN patient_event_keys USING (patient_key) JOIN patient_events USING (event_id) ORDER BY event_id
"""  # noqa: S608 - a constant
_EXAMS_OF_PERSON = f"""{_TIED}
SELECT DISTINCT exam_id FROM tied JOIN exam_patients USING (patient_key) ORDER BY exam_id
"""  # noqa: S608 - a constant
_PUT = f"INSERT OR REPLACE INTO exams ({_EXAM_COLUMNS}) VALUES ({_MARKS})"  # noqa: S608 - the class's field names
_BY_ID = f"SELECT {_EXAM_COLUMNS} FROM exams WHERE exam_id = ?"  # noqa: S608 - as above
_BY_STUDY = f"SELECT {_EXAM_COLUMNS} FROM exams WHERE study_instance_uid = ? ORDER BY exam_id"  # noqa: S608 - as above

Offsets = Mapping[tuple[str, int], int]


class Index:
    """One open index. Every change is part of a transaction, which `commit` ends."""

    def __init__(self, path: Path | None) -> None:
        """`path`: the file, made where it is missing; None: in memory. Raises sqlite3.Error."""
        if path is not None:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._db = sqlite3.connect(":memory:" if path is None else path, isolation_level="DEFERRED")
        self._db.execute("PRAGMA journal_mode = WAL")
        # What a power cut takes goes together with its offsets, and is read again.
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.executescript(_TABLES)

    def put(self, exam: KnownExam) -> None:
        """The exam as it is now."""
        self._db.execute(_PUT, astuple(exam))

    def exam(self, exam_id: str) -> KnownExam | None:
        """The exam, if its row was seen."""
        found = self._db.execute(_BY_ID, (exam_id,)).fetchone()
        return None if found is None else _exam(found)

    def exams_of_study(self, study_instance_uid: str) -> list[KnownExam]:
        """Every exam whose row names the study, by exam_id."""
        return [_exam(row) for row in self._db.execute(_BY_STUDY, (study_instance_uid,))]

    def chosen(self, exam_id: str) -> str | None:
        """The exam that we said the study belongs to, if we did."""
        found = self._db.execute("SELECT into_exam_id FROM chosen WHERE exam_id = ?", (exam_id,)).fetchone()
        return None if found is None else str(found[0])

    def choose(self, exam_id: str, into_exam_id: str) -> None:
        """Remember what we said."""
        self._db.execute("INSERT OR REPLACE INTO chosen VALUES (?, ?)", (exam_id, into_exam_id))

    def add_patient(self, patient_key: str, exam_id: str) -> bool:
        """The exam has, or once had, this patient; whether that is new."""
        added = self._db.execute("INSERT OR IGNORE INTO exam_patients VALUES (?, ?)", (patient_key, exam_id))
        return added.rowcount > 0

    def add_patient_event(self, event_id: str, patient_keys: Iterable[str], value: bytes) -> None:
        """An event about patients, as the log has it."""
        self._db.execute("INSERT OR IGNORE INTO patient_events VALUES (?, ?)", (event_id, value))
        self._db.executemany(
            "INSERT OR IGNORE INTO patient_event_keys VALUES (?, ?)",
            [(patient_key, event_id) for patient_key in patient_keys],
        )

    def patient_event(self, event_id: str) -> bytes | None:
        """The event of this id."""
        query = "SELECT value FROM patient_events WHERE event_id = ?"
        found = self._db.execute(query, (event_id,)).fetchone()
        return None if found is None else bytes(found[0])

    def events_of_person(self, patient_key: str) -> list[bytes]:
        """What was said of the patient, and of all that merges ever tied to it."""
        return [bytes(row[1]) for row in self._db.execute(_EVENTS_OF_PERSON, (patient_key,))]

    def exams_of_person(self, patient_key: str) -> list[str]:
        """The exams of the patient, and of all that merges ever tied to it."""
        return [str(row[0]) for row in self._db.execute(_EXAMS_OF_PERSON, (patient_key,))]

    def note_said(self, event_id: str) -> bool:
        """The event is in the log, or will be with this transaction; whether that is new."""
        return self._db.execute("INSERT OR IGNORE INTO said VALUES (?)", (event_id,)).rowcount > 0

    def offsets(self) -> Offsets:
        """Where to go on reading, by topic and partition."""
        return {(str(t), int(p)): int(n) for t, p, n in self._db.execute("SELECT * FROM offsets")}

    def commit(self, offsets: Offsets) -> None:
        """Keep what was done, and that everything before `offsets` is."""
        rows = [(topic, partition, offset) for (topic, partition), offset in offsets.items()]
        self._db.executemany("INSERT OR REPLACE INTO offsets VALUES (?, ?, ?)", rows)
        self._db.commit()

    def close(self) -> None:
        """Give up what was not committed."""
        self._db.rollback()
        self._db.close()


def _exam(row: tuple[Any, ...]) -> KnownExam:
    # SQLite has no booleans.
    exam = KnownExam(*row)
    return replace(exam, unreconciled=bool(exam.unreconciled))
