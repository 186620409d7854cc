"""What of the catalogue may match a query: rows of the level that is asked for, few at a time."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence

from producers.dicom.query.levels import Level, Narrowing

_FETCHED_AT_ONCE = 256
# A study is described by its first series: each has the patient, sealed.
_SELECT = {
    Level.STUDY: (
        "SELECT s.*, t.*, e.phi_event_id, e.phi_nonce, e.phi_ciphertext FROM studies s"
        " JOIN study_totals t ON t.study = s.id"
        " JOIN series e ON e.id = (SELECT min(f.id) FROM series f WHERE f.study = s.id)"
    ),
    Level.SERIES: (
        "SELECT s.*, t.*, e.* FROM studies s JOIN study_totals t ON t.study = s.id"
        " JOIN series e ON e.study = s.id"
    ),
    Level.IMAGE: (
        "SELECT s.*, e.*, i.* FROM studies s JOIN series e ON e.study = s.id"
        " JOIN instances i ON i.series = e.id"
    ),
}
_ORDER = {
    Level.STUDY: " ORDER BY s.study_date DESC, s.id DESC",
    Level.SERIES: " ORDER BY s.id, e.series_number, e.id",
    Level.IMAGE: " ORDER BY s.id, e.series_number, e.id, i.instance_number, i.id",
}
_AMONG = "IN (SELECT value FROM json_each(?))"


def candidates(connection: sqlite3.Connection, level: Level, within: Narrowing) -> Iterator[sqlite3.Row]:
    """Every row that can match, and maybe others. Raises sqlite3.Error."""
    clauses, values = _where(level, within)
    where = (" WHERE " + " AND ".join(clauses)) if clauses else ""
    cursor = connection.execute(_SELECT[level] + where + _ORDER[level], values)
    while rows := cursor.fetchmany(_FETCHED_AT_ONCE):
        yield from rows


def _where(level: Level, within: Narrowing) -> tuple[list[str], list[str]]:
    among: list[tuple[str, Sequence[str] | None]] = [
        ("s.study_instance_uid " + _AMONG, within.study_instance_uids or None),
        ("s.accession_number " + _AMONG, within.accession_numbers or None),
        ("s.patient_key " + _AMONG, within.patient_keys),
    ]
    if level is not Level.STUDY:
        among.append(("e.series_instance_uid " + _AMONG, within.series_instance_uids or None))
    if level is Level.IMAGE:
        among.append(("i.sop_instance_uid " + _AMONG, within.sop_instance_uids or None))
    clauses = [clause for clause, wanted in among if wanted is not None]
    values = [json.dumps(list(wanted)) for _, wanted in among if wanted is not None]
    if within.study_dates is not None:
        clauses.append("s.study_date BETWEEN ? AND ?")
        values += [within.study_dates.first, within.study_dates.last]
    return clauses, values
