"""Writes golden messages: `python -m schemas.examples_writer`, after every change of a contract.

For each record whose contract has no example yet, `schemas/examples/` gets three files of the next
version: `.avsc` (the writer's schema), `.avro` (the record, without the wire format's header) and `.json`
(what it says). Their SHA-256 are entered in `schemas/examples/MANIFEST`. What was written once is never
touched again: `python -m schemas.evolution` refuses that, and a test decodes all of it, for ever.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import fastavro
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from schemas.codec import CLASS_BY_NAME
from schemas.compatibility import shape
from schemas.contracts import Contract, contracts, self_contained
from schemas.identity import event_id, patient_key
from schemas.manifest import enter
from schemas.parts import Phi

EXAMPLES = Path(__file__).parent / "examples"
# The examples' patient is nobody, and so the key is no secret.
KEY = hashlib.sha256(b"radstream examples").digest()
_NONCE = bytes(range(12))
_MORNING = datetime(2026, 11, 24, 6, 30, 0, 123456, tzinfo=UTC)
_PATIENT_KEY = patient_key(KEY, "GENERAL", "MRN-4711")
_EVENT_ID = event_id("hl7", "RIS", "GENERAL", "MSG00042", "example")

# What the fields say; those that are not here are told by their type.
_VALUES: Mapping[str, Any] = {
    "event_id": _EVENT_ID,
    "phi_event_id": _EVENT_ID,
    "report_first_event_id": _EVENT_ID,
    "report_last_event_id": _EVENT_ID,
    "dead_letter_id": _EVENT_ID,
    "corrects": None,
    "exam_id": "GENERAL|A2026000042",
    "accession_number": "A2026000042",
    "system": "RIS",
    "facility": "GENERAL",
    "protocol": "HL7v2",
    "source_message_id": "MSG00042",
    "site": "GENERAL",
    "patient_key": _PATIENT_KEY,
    "key_id": f"{_PATIENT_KEY}/1",
    "nonce": _NONCE,
    "patient_name": "Lindqvist^Maja",
    "patient_id": "MRN-4711",
    "issuer_of_patient_id": "GENERAL",
    "birth_date": "19710304",
    "sex": "F",
    "text": "Fraktur des distalen Radius, links.\nKeine Gefäßverletzung.",
    "placer_order_number": "P-100042",
    "filler_order_number": "F-200042",
    "study_instance_uid": "1.2.826.0.1.3680043.8.498.1",
    "series_instance_uid": "1.2.826.0.1.3680043.8.498.1.1",
    "sop_instance_uid": "1.2.826.0.1.3680043.8.498.1.1.1",
    "sop_class_uid": "1.2.840.10008.5.1.4.1.1.2",
    "transfer_syntax_uid": "1.2.840.10008.1.2.1",
    "modality": "CT",
    "procedure_code": "CTWRIST",
    "procedure_name": "CT Handgelenk",
    "priority": "STAT",
    "patient_class": "E",
    "location": "ED",
    "stage": "stored",
    "calling_ae_title": "CT1",
    "origin": "hl7",
    "reason": "MissingAccession",
    "detail": "no accession number in OBR-18, OBR-3 or IPC-1",
    "content_type": "x-application/hl7-v2+er7",
}


def missing() -> dict[Path, bytes]:
    """Path and content of what is not written yet."""
    found: dict[Path, bytes] = {}
    for name in (*CLASS_BY_NAME, Phi.AVRO_NAME):
        versions = written_versions(name)
        wanted = shape(self_contained(name))
        if not any(shape(json.loads(path.read_text("utf-8"))) == wanted for path in versions):
            found |= _example(name, len(versions) + 1)
    return found


def written_versions(name: str) -> list[Path]:
    """The writer's schemas of the record called `name` that have an example."""
    return sorted(EXAMPLES.glob(f"{name.rpartition('.')[2]}.v*.avsc"))


def as_json(value: Any) -> Any:
    """What fastavro reads, as JSON: instants in ISO 8601, bytes in base64."""
    if isinstance(value, dict):
        return {key: as_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_json(item) for item in value]
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    return value.isoformat() if isinstance(value, datetime) else value


def _example(name: str, version: int) -> dict[Path, bytes]:
    schema, record = self_contained(name), _record(contracts()[name])
    if "envelope" in record:
        record["envelope"]["swim_code"] = schema.get("swim_code")
    body = io.BytesIO()
    fastavro.schemaless_writer(body, fastavro.parse_schema(dict(schema)), record)
    stem = f"{name.rpartition('.')[2]}.v{version}"
    return {
        EXAMPLES / f"{stem}.avsc": _json_text(schema),
        EXAMPLES / f"{stem}.avro": body.getvalue(),
        EXAMPLES / f"{stem}.json": _json_text(as_json(record)),
    }


def _json_text(value: Any) -> bytes:
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode()


def _record(contract: Contract) -> dict[str, Any]:
    fields = enumerate(contract["fields"])
    return {field["name"]: _value(contract, field["name"], field["type"], nth) for nth, field in fields}


def _value(contract: Contract, name: str, avro: Any, nth: int) -> Any:
    if name == "ciphertext":
        return _sealed()
    if name in _VALUES:
        return _VALUES[name]
    return _by_type(contract, name, avro[1] if isinstance(avro, list) else avro, nth)


def _by_type(contract: Contract, name: str, avro: Any, nth: int) -> Any:
    if isinstance(avro, dict):
        if avro["type"] == "array":
            return [_by_type(contract, name, avro["items"], nth)]
        return _MORNING + timedelta(minutes=nth)
    if avro in contracts():
        return _record(contracts()[avro])
    if avro == "string":
        return hashlib.sha256(b"report").hexdigest() if "sha256" in name else f"{contract['name']} {name}"
    if avro == "bytes":
        return _VALUES["exam_id"].encode()
    return {"int": 300 + nth, "long": 2**33 + nth, "double": 0.5 + nth, "boolean": True}[avro]


def _sealed() -> bytes:
    plaintext = io.BytesIO()
    schema = fastavro.parse_schema(dict(self_contained(Phi.AVRO_NAME)))
    fastavro.schemaless_writer(plaintext, schema, _record(contracts()[Phi.AVRO_NAME]))
    return AESGCM(KEY).encrypt(_NONCE, plaintext.getvalue(), _EVENT_ID.encode())


def main() -> int:
    """Write what is missing, and say it. Returns the exit code."""
    EXAMPLES.mkdir(exist_ok=True)
    written = missing()
    for path, content in written.items():
        path.write_bytes(content)
        sys.stdout.write(f"{path.relative_to(EXAMPLES.parent)}\n")
    enter(EXAMPLES, (path.name for path in written))
    return 0


if __name__ == "__main__":
    sys.exit(main())
