"""The first format of stored states: only read, and marked to be built again from the log."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import fastavro

from processors.exam_state import ExamState, KnownPhi, Rebuild
from processors.facts import Fact
from schemas.parts import SealedPhi

_UUID = {"type": "fixed", "name": "Uuid", "size": 16}
_FACT = {
    "type": "record",
    "name": "Fact",
    "fields": [
        {"name": "event_id", "type": _UUID},
        {"name": "step", "type": "string"},
        {"name": "occurred_us", "type": "long"},
        {"name": "recorded_us", "type": "long"},
        {"name": "site", "type": "string"},
        {"name": "patient_key", "type": ["null", "bytes"]},
        {"name": "corrects", "type": ["null", "Uuid"]},
        {"name": "attributes", "type": {"type": "map", "values": ["string", "long"]}},
    ],
}
_PHI = {
    "type": "record",
    "name": "KnownPhi",
    "fields": [
        {"name": "has_text", "type": "boolean"},
        {"name": "occurred_us", "type": "long"},
        {"name": "event_id", "type": "Uuid"},
        {"name": "key_id", "type": "string"},
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
            {"name": "facts", "type": {"type": "array", "items": _FACT}},
            # Hardly ever more than one: the branches keep what was written before there could be.
            {"name": "phi", "type": ["null", _PHI, {"type": "array", "items": "KnownPhi"}]},
        ],
    }
)


def decode_format_1(raw: bytes) -> ExamState:
    """The state in `raw`. Raises EOFError, IndexError, TypeError, OverflowError or ValueError."""
    record: Any = fastavro.schemaless_reader(io.BytesIO(raw), _STATE, None)
    facts = {fact.event_id: fact for fact in map(_fact, record["facts"])}
    return ExamState(record["exam_id"], facts, _phi(record["phi"]), Rebuild.OLDER_FORMAT)


def _phi(branch: object) -> dict[str, KnownPhi]:
    records = branch if isinstance(branch, list) else [] if branch is None else [branch]
    return {phi.patient_key: phi for phi in map(_known_phi, records)}


def _fact(record: Mapping[str, Any]) -> Fact:
    corrects, key = record["corrects"], record["patient_key"]
    return Fact(
        event_id=str(UUID(bytes=record["event_id"])),
        step=record["step"],
        occurred_us=record["occurred_us"],
        recorded_us=record["recorded_us"],
        site=record["site"],
        patient_key=None if key is None else key.decode(),
        corrects=None if corrects is None else str(UUID(bytes=corrects)),
        attributes=dict(sorted(record["attributes"].items())),
    )


def _known_phi(record: Mapping[str, Any]) -> KnownPhi:
    sealed = SealedPhi.from_record(record)
    return KnownPhi(record["has_text"], record["occurred_us"], str(UUID(bytes=record["event_id"])), sealed)
