"""ExamState as bytes: the value in the fold's table and its changelog.

Two bytes that no older format begins with, the format's number among them, then an Avro record of its own:
nobody but the fold reads it, and a state that no longer decodes is built again from the log. A state is
small because each text, key and word is in it once, and facts are rows of numbers that point to them.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from operator import attrgetter
from typing import Any

import fastavro

from processors.exam_state import ExamState, KnownPhi, Rebuild
from processors.state_format_1 import decode_format_1
from processors.state_rows import Pointers, RowReader, RowWriter, uuid_text
from schemas.parts import SealedPhi

# An older state begins with the length of its exam_id, which is not 0.
_HEADER = b"\x00\x02"
_OCCURRED = attrgetter("occurred_us")
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
    facts = list(map(state.facts.__getitem__, ids))
    base_us = min(map(_OCCURRED, facts), default=0)
    rows = RowWriter(base_us)
    rows.write(facts)
    phi = [_phi_record(known, rows.pointers) for _, known in sorted(state.phi.items())]
    record = {
        "exam_id": state.exam_id,
        "rebuild": int(state.rebuild),
        "base_us": base_us,
        "event_ids": bytes.fromhex("".join(ids).replace("-", "")),
        "numbers": rows.numbers,
        "texts": rows.pointers.texts,
        "blobs": rows.pointers.blobs,
        "doubles": rows.doubles,
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
    except (EOFError, LookupError, TypeError, OverflowError, ValueError) as error:
        raise ValueError(f"no exam state: {type(error).__name__}") from None


def _state(raw: bytes) -> ExamState:
    record: Any = fastavro.schemaless_reader(io.BytesIO(raw), _STATE, None)
    digits = record["event_ids"].hex()
    if len(digits) % 32:
        raise ValueError("an event_id ends early")
    rows = RowReader(record)
    ids = [uuid_text(digits[at : at + 32]) for at in range(0, len(digits), 32)]
    phi = {one.patient_key: one for one in (_known_phi(known, rows.pointed) for known in record["phi"])}
    return ExamState(record["exam_id"], rows.read(ids), phi, Rebuild(record["rebuild"]))


def _phi_record(phi: KnownPhi, pointers: Pointers) -> dict[str, object]:
    return {
        "has_text": phi.has_text,
        "occurred_us": phi.occurred_us,
        "event_id": bytes.fromhex(phi.event_id.replace("-", "")),
        "patient_key": pointers[phi.patient_key],
        "key_generation": phi.sealed.key_id[len(phi.patient_key) :],
        "nonce": phi.sealed.nonce,
        "ciphertext": phi.sealed.ciphertext,
    }


def _known_phi(record: Mapping[str, Any], pointed: Mapping[int, str]) -> KnownPhi:
    key_id = pointed[record["patient_key"]] + record["key_generation"]
    sealed = SealedPhi(key_id=key_id, nonce=record["nonce"], ciphertext=record["ciphertext"])
    return KnownPhi(record["has_text"], record["occurred_us"], uuid_text(record["event_id"].hex()), sealed)
