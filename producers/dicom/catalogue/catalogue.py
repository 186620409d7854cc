"""The catalogue of images: which there are, where each lies, and what queries ask for (DICOM PS3.4 annex C).

It is made from the log (`catalogue_reader`), found again at the next start, and made anew where it is lost.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from producers.dicom.catalogue.store import CatalogueUnavailable, reading, usual_key

_INSTANCES = (
    "SELECT i.*, s.study_instance_uid, s.patient_key, s.exam_id, s.accession_number, e.series_instance_uid"
    " FROM instances i JOIN series e ON e.id = i.series JOIN studies s ON s.id = e.study"
)
_ORDER = " ORDER BY s.id, e.series_number, e.id, i.instance_number, i.id LIMIT ?"


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueInstance:
    """One image in the object store, which has it under `object_key`.

    size_bytes, sha256: of the sealed object. patient_key: None where the image names no patient.
    """

    sop_instance_uid: str
    sop_class_uid: str
    study_instance_uid: str
    series_instance_uid: str
    transfer_syntax_uid: str
    object_key: str
    size_bytes: int
    sha256: str
    patient_key: str | None
    exam_id: str
    accession_number: str | None


@dataclass(frozen=True, slots=True)
class Selection:
    """Images by unique keys; none of a kind: whatever it is."""

    study_instance_uids: Sequence[str]
    series_instance_uids: Sequence[str] = ()
    sop_instance_uids: Sequence[str] = ()


class Catalogue:
    """The reading side. Safe to use from many threads."""

    def __init__(self, path: Path) -> None:
        """`path`: the file; it need not be there yet."""
        self.path = path
        self._read = threading.Event()
        self._damaged = threading.Event()

    def instance(self, sop_instance_uid: str) -> CatalogueInstance | None:
        """The image with this UID, the latest where there are several. Raises CatalogueUnavailable."""
        with self.reading() as connection:
            row = connection.execute(
                f"{_INSTANCES} WHERE i.sop_instance_uid = ? ORDER BY i.id DESC", [sop_instance_uid]
            ).fetchone()
        return None if row is None else _instance(row)

    def instances(self, selection: Selection, maximum: int) -> list[CatalogueInstance]:
        """What is selected, series by series, at most `maximum`. Raises CatalogueUnavailable."""
        where, values = _where(selection)
        with self.reading() as connection:
            rows = connection.execute(_INSTANCES + " WHERE " + where + _ORDER, [*values, maximum])
            return [_instance(row) for row in rows]

    def is_read(self) -> bool:
        """Whether it has all that the log had at the start: before, an answer would leave images out."""
        return self._read.is_set()

    def await_read(self, timeout_s: float) -> bool:
        """The same, after at most `timeout_s`."""
        return self._read.wait(timeout_s)

    def set_read(self, *, is_read: bool) -> None:
        """Said by who makes it."""
        (self._read.set if is_read else self._read.clear)()

    def take_damage(self) -> bool:
        """Whether the file was found damaged since this was asked last."""
        found = self._damaged.is_set()
        self._damaged.clear()
        return found

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection that sees the catalogue as it is now. Raises CatalogueUnavailable."""
        try:
            with reading(self.path) as connection:
                yield connection
        except sqlite3.OperationalError as error:
            raise CatalogueUnavailable(f"catalogue: {error}") from None
        except sqlite3.DatabaseError:
            self._damaged.set()
            raise CatalogueUnavailable("the catalogue is damaged, and is made anew") from None


def _where(selection: Selection) -> tuple[str, list[str | int]]:
    clauses = {
        "s.study_instance_uid IN (SELECT value FROM json_each(?))": selection.study_instance_uids,
        "e.series_instance_uid IN (SELECT value FROM json_each(?))": selection.series_instance_uids,
        "i.sop_instance_uid IN (SELECT value FROM json_each(?))": selection.sop_instance_uids,
    }
    asked = {clause: json.dumps(list(uids)) for clause, uids in clauses.items() if uids}
    return " AND ".join(asked) or "1", list(asked.values())


def _instance(row: sqlite3.Row) -> CatalogueInstance:
    study, series, instance = row["study_instance_uid"], row["series_instance_uid"], row["sop_instance_uid"]
    return CatalogueInstance(
        sop_instance_uid=instance,
        sop_class_uid=row["sop_class_uid"],
        study_instance_uid=study,
        series_instance_uid=series,
        transfer_syntax_uid=row["transfer_syntax_uid"],
        object_key=row["object_key"] or usual_key(study, series, instance),
        size_bytes=row["size_bytes"],
        sha256=row["sha256"],
        patient_key=row["patient_key"],
        exam_id=row["exam_id"],
        accession_number=row["accession_number"] or None,
    )
