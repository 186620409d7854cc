"""What is said of images into the catalogue: batches, each with how far the log was read."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from typing import NamedTuple, TypeVar

from producers.dicom.catalogue.store import usual_key
from schemas.events import InstanceStored
from schemas.identity import is_study_exam

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")
# Rows whose ids are remembered: an association's images are of one study and few series.
_REMEMBERED = 4096


class Place(NamedTuple):
    """A message of the log: where it stands, and what it is, so that another log is told from ours."""

    offset: int
    digest: bytes


class CatalogueWriter:
    """Writes by one connection, of which it is the only user."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """`connection`: of `open_to_write`."""
        self._connection = connection
        self._studies: dict[tuple[str, str], tuple[int, str]] = {}
        self._series: dict[tuple[int, str], int] = {}

    def places(self) -> dict[int, Place]:
        """Partition to the last message of it that was written."""
        rows = self._connection.execute("SELECT partition, last_offset, digest FROM places")
        return {int(partition): Place(int(offset), bytes(digest)) for partition, offset, digest in rows}

    def write(self, images: Iterable[InstanceStored], places: Mapping[int, Place]) -> None:
        """Images, and how far the log was read with them: all or none. Raises sqlite3.Error."""
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            for image in images:
                self._put(image)
            rows = [(partition, *place) for partition, place in places.items()]
            connection.executemany("INSERT OR REPLACE INTO places VALUES (?, ?, ?)", rows)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            self._studies.clear()
            self._series.clear()
            raise

    def _put(self, image: InstanceStored) -> None:
        series = self._series_of(image, self._study_of(image))
        usual = usual_key(image.study_instance_uid, image.series_instance_uid, image.sop_instance_uid)
        found = self._connection.execute(
            "INSERT INTO instances(series, sop_instance_uid, sop_class_uid, transfer_syntax_uid,"
            " instance_number, number_of_frames, image_rows, image_columns, size_bytes, sha256, object_key)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            [
                series,
                image.sop_instance_uid,
                image.sop_class_uid,
                image.transfer_syntax_uid,
                image.instance_number,
                image.number_of_frames,
                image.rows,
                image.columns,
                image.size_bytes,
                image.sha256,
                None if image.object_key == usual else image.object_key,
            ],
        )
        if found.rowcount:  # the same image said again is no second one
            self._connection.execute(
                "UPDATE series SET instance_count = instance_count + 1 WHERE id = ?", [series]
            )

    def _study_of(self, image: InstanceStored) -> int:
        phi = image.envelope.phi
        key = (image.study_instance_uid, phi.key_id if phi is not None else "")
        study, exam_id = self._studies.get(key) or self._find_study(key) or self._new_study(key, image)
        if is_study_exam(exam_id) and not is_study_exam(image.envelope.exam_id):
            exam_id = image.envelope.exam_id
            self._connection.execute(
                "UPDATE studies SET exam_id = ?, accession_number = ? WHERE id = ?",
                [exam_id, image.accession_number or "", study],
            )
        _remember(self._studies, key, (study, exam_id))
        return study

    def _find_study(self, key: tuple[str, str]) -> tuple[int, str] | None:
        found = self._connection.execute(
            "SELECT id, exam_id FROM studies WHERE study_instance_uid = ? AND key_id = ?", key
        ).fetchone()
        return None if found is None else (int(found[0]), str(found[1]))

    def _new_study(self, key: tuple[str, str], image: InstanceStored) -> tuple[int, str]:
        envelope = image.envelope
        self._connection.execute(
            "INSERT INTO issuers VALUES (?) ON CONFLICT DO NOTHING", [envelope.exam_id.partition("|")[0]]
        )
        made = self._connection.execute(
            "INSERT INTO studies(study_instance_uid, key_id, patient_key, exam_id, accession_number,"
            " study_date, study_time, study_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                *key,
                envelope.patient_key,
                envelope.exam_id,
                image.accession_number or "",
                image.study_date or "",
                image.study_time or "",
                image.study_id or "",
            ],
        )
        return int(made.lastrowid or 0), envelope.exam_id

    def _series_of(self, image: InstanceStored, study: int) -> int:
        key = (study, image.series_instance_uid)
        series = self._series.get(key)
        if series is None:
            found = self._connection.execute(
                "SELECT id FROM series WHERE study = ? AND series_instance_uid = ?", key
            ).fetchone()
            series = self._new_series(key, image) if found is None else int(found[0])
        _remember(self._series, key, series)
        return series

    def _new_series(self, key: tuple[int, str], image: InstanceStored) -> int:
        phi = image.envelope.phi
        made = self._connection.execute(
            "INSERT INTO series(study, series_instance_uid, modality, series_number, body_part,"
            " instance_count, phi_event_id, phi_nonce, phi_ciphertext) VALUES (?, ?, ?, ?, ?, 0, ?, ?, ?)",
            [
                *key,
                image.modality or "",
                image.series_number,
                image.body_part or "",
                image.envelope.event_id,
                None if phi is None else phi.nonce,
                None if phi is None else phi.ciphertext,
            ],
        )
        return int(made.lastrowid or 0)


def _remember(known: dict[_Key, _Value], key: _Key, value: _Value) -> None:
    if len(known) >= _REMEMBERED:
        known.clear()
    known[key] = value
