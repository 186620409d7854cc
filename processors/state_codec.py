"""ExamState as bytes: the value in the fold's table and its changelog.

Two bytes that no older format begins with, the format's number among them, then an Avro record of its own:
nobody but the fold reads it, and a state that no longer decodes is built again from the log. A state is
small because each text, key and word is in it once, and facts are rows of numbers that point to them.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import fastavro

from processors.exam_state import ExamState, KnownPhi, Rebuild
from processors.state_format_1 import decode_format_1
from processors.state_rows import RowReader, RowWriter, uuid_text
from schemas.parts import SealedPhi

# An older state begins with the length of its exam_id, which is not 0.
_HEADER = b"\x00\x02"
_PHI = {
    "type": "record",
    "name": "KnownPhi",
    "fields": [
        {"name": "has_text", "type": "boolean"},
        {"name": "occurred_us", "type": "long"},
        {"name": "event_id", "type": {"type": "fixed", "name": "Uuid", "size": 16}},
        {"name": "patient_key", "type": "int"},
        {"name": "key_generation", "type": "string"},
        {"name": "nonce", "type": "bytes"},
        {"name": "ciphertext", "type": "bytes"},
    ],
}
_STATE = fastavro.parse_schema(
    {
        "type": "record",
        "name": "radstream.fold.ExamState",
        "fields": [
            {"name": "exam_id", "type": "string"},
            {"name": "rebuild", "type": "int"},
            {"name": "base_us", "type": "long"},
            {"name": "event_ids", "type": "bytes"},
            {"name": "numbers", "type": {"type": "array", "items": "long"}},
            {"name": "texts", "type": {"type": "array", "items": "string"}},
            {"name": "blobs", "type": {"type": "array", "items": "bytes"}},
            {"name": "doubles", "type": {"type": "array", "items": "double"}},
            {"name": "phi", "type": {"type": "array", "items": _PHI}},
        ],
    }
)


def encode_state(state: ExamState) -> bytes:
    """`state` as bytes; equal states give equal bytes."""
    ids = sorted(state.facts)
    base_us = min((fact.occurred_us for fact in state.facts.values()), default=0)
    rows = RowWriter(base_us)
    for event_id in ids:
        rows.write(state.facts[event_id])
    phi = [_phi_record(known, rows) for _, known in sorted(state.phi.items())]
    record = {
        "exam_id": state.exam_id,
        "rebuild": int(state.rebuild),
        "base_us": base_us,
        "event_ids": bytes.fromhex("".join(ids).replace("-", "")),
        "numbers": rows.numbers,
        "texts": list(rows.texts),
        "blobs": list(rows.blobs),
        "doubles": list(rows.doubles),
        "phi": phi,
    }
    out = io.BytesIO()
    out.write(_HEADER)
    fastavro.schemaless_writer(out, _STATE, record)
    return out.getvalue()


def decode_state(raw: bytes) -> ExamState:
    """The state in `raw`, also one of an older format. Raises ValueError where it is none."""
    try:
        if raw[0]:
            return decode_format_1(raw)
        if raw[:2] != _HEADER:
            raise ValueError(f"format {raw[1]} is of a later version")
        return _state(raw[2:])
    except (EOFError, IndexError, TypeError, OverflowError, ValueError) as error:
        raise ValueError(f"no exam state: {type(error).__name__}") from None


def _state(raw: bytes) -> ExamState:
    record: Any = fastavro.schemaless_reader(io.BytesIO(raw), _STATE, None)
    digits = record["event_ids"].hex()
    if len(digits) % 32:
        raise ValueError("an event_id ends early")
    rows = RowReader(record)
    ids = [uuid_text(digits[at : at + 32]) for at in range(0, len(digits), 32)]
    facts = {event_id: rows.read(event_id) for event_id in ids}
    known = [_known_phi(phi, rows) for phi in record["phi"]]
    phi = {one.patient_key: one for one in known}
    return ExamState(record["exam_id"], facts, phi, Rebuild(record["rebuild"]))


def _phi_record(phi: KnownPhi, rows: RowWriter) -> dict[str, object]:
    return {
        "has_text": phi.has_text,
        "occurred_us": phi.occurred_us,
        "event_id": UUID(phi.event_id).bytes,
        "patient_key": rows.text(phi.patient_key),
        "key_generation": phi.sealed.key_id[len(phi.patient_key) :],
        "nonce": phi.sealed.nonce,
        "ciphertext": phi.sealed.ciphertext,
    }


def _known_phi(record: Mapping[str, Any], rows: RowReader) -> KnownPhi:
    key_id = rows.text(record["patient_key"]) + record["key_generation"]
    sealed = SealedPhi(key_id=key_id, nonce=record["nonce"], ciphertext=record["ciphertext"])
    return KnownPhi(record["has_text"], record["occurred_us"], str(UUID(bytes=record["event_id"])), sealed)
