"""What ClickHouse knows of a patient: their numbers, exams, studies, and what sealed events say of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from clickhouse_connect.driver.client import Client

from processors.patients import MergeSaid, Persons
from runtime.erasing.errors import ErasureRefused
from schemas.errors import PhiError
from schemas.parts import Phi, SealedPhi
from schemas.phi import KeyRing, open_sealed

_MERGES = """
SELECT
    event_type, JSONExtractString(payload, 'merged_patient_key'),
    JSONExtractString(payload, 'surviving_patient_key'), toUnixTimestamp64Micro(recorded_at)
FROM events FINAL
WHERE event_type IN ('PatientMerged', 'PatientUnmerged')
    AND event_id NOT IN (SELECT assumeNotNull(corrects) FROM events FINAL WHERE isNotNull(corrects))
"""
_PATIENTS = """
SELECT DISTINCT exam_id, patient_key FROM worklist FINAL
WHERE exam_id = {exam:String} OR accession_number = {exam:String}
"""
_EXAMS = """
WITH own AS (SELECT exam_id FROM worklist FINAL WHERE patient_key IN {keys:Array(String)})
SELECT exam_id FROM own UNION DISTINCT SELECT exam_id FROM worklist FINAL WHERE reconciled_into IN own
"""
_NAMELESS_STUDIES = """
SELECT DISTINCT study_instance_uid FROM instances FINAL
WHERE patient_key = '' AND exam_id IN {exams:Array(String)}
"""
_SEALED = """
SELECT toString(event_id), phi_key_id, phi_nonce, phi_ciphertext FROM events FINAL
WHERE patient_key IN {keys:Array(String)} AND phi_key_id != '' ORDER BY recorded_at DESC LIMIT 500
"""
_OF_BYTES: dict[str, str | dict[str, str]] = {"phi_nonce": "bytes", "phi_ciphertext": "bytes"}


def keys_of_person(client: Client, patient_key: str) -> tuple[str, ...]:
    """The key, then those of every number that was merged with it and not parted again."""
    persons = Persons(MergeSaid(*row) for row in client.query(_MERGES).result_rows)
    return (patient_key, *sorted(persons.keys_of(patient_key) - {patient_key}))


def patient_of_exam(client: Client, exam: str) -> str:
    """The patient of an exam id or an accession number. Raises ErasureRefused."""
    rows = patients_of_exam(client, exam)
    keys = {key for _, key in rows if key}
    if len(keys) != 1:
        exams = ", ".join(sorted(exam_id for exam_id, _ in rows))
        why = "of several patients: name one of them" if keys else "of no known patient"
        raise ErasureRefused(f"{exam!r} is {why} ({exams})")
    return keys.pop()


def patients_of_exam(client: Client, exam: str) -> list[tuple[str, str | None]]:
    """Exam ids of that id or accession number, each with its patient. Raises ErasureRefused."""
    rows = client.query(_PATIENTS, parameters={"exam": exam}).result_rows
    if not rows:
        raise ErasureRefused(f"no exam {exam!r} is known: the dashboard lists those that are")
    return [(str(exam_id), str(key) or None) for exam_id, key in rows]


def exams_of(client: Client, keys: Sequence[str]) -> tuple[str, ...]:
    """The exams of the patients, and those whose images belong to them."""
    rows = client.query(_EXAMS, parameters={"keys": list(keys)}).result_rows
    return tuple(sorted(str(row[0]) for row in rows))


def nameless_studies(client: Client, exams: Sequence[str]) -> tuple[str, ...]:
    """UIDs of studies in these exams that have images without PatientID: each has a key of its own."""
    rows = client.query(_NAMELESS_STUDIES, parameters={"exams": list(exams)}).result_rows
    return tuple(sorted(str(row[0]) for row in rows))


def known_of(client: Client, ring: KeyRing, keys: Sequence[str]) -> tuple[Phi, ...]:
    """What the patient's latest sealed events say of them, each different name or number once."""
    rows = client.query(_SEALED, parameters={"keys": list(keys)}, column_formats=_OF_BYTES).result_rows
    return tuple(dict.fromkeys(_opened(ring, rows)))


def _opened(ring: KeyRing, rows: Sequence[Sequence[object]]) -> Iterator[Phi]:
    for event_id, key_id, nonce, ciphertext in rows:
        sealed = SealedPhi(key_id=str(key_id), nonce=_raw(nonce), ciphertext=_raw(ciphertext))
        try:
            phi = open_sealed(ring, str(event_id), sealed)
        except PhiError:
            continue
        yield Phi(patient_name=phi.patient_name, patient_id=phi.patient_id, birth_date=phi.birth_date)


def _raw(value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()
