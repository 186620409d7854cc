"""ExamState as bytes: the value in the fold's table and its changelog.

An Avro record of its own, without the wire format's header: nobody but the fold reads it, and a state
that no longer decodes is rebuilt from the log.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import fastavro

from processors.exam_state import ExamState, Fact, KnownPhi
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


def encode_state(state: ExamState) -> bytes:
    """`state` as Avro; equal states give equal bytes."""
    facts = [_fact_record(event_id, fact) for event_id, fact in sorted(state.facts.items())]
    out = io.BytesIO()
    record = {"exam_id": state.exam_id, "facts": facts, "phi": _phi_branch(state.phi)}
    fastavro.schemaless_writer(out, _STATE, record)
    return out.getvalue()


def decode_state(raw: bytes) -> ExamState:
    """The state in `raw`. Raises ValueError where it is none."""
    try:
        record = fastavro.schemaless_reader(io.BytesIO(raw), _STATE, None)
    except (EOFError, IndexError, TypeError, OverflowError) as error:
        raise ValueError(f"no exam state: {type(error).__name__}") from None
    if not isinstance(record, dict):
        raise ValueError("no exam state: no record")
    facts = {str(UUID(bytes=raw_fact["event_id"])): _fact(raw_fact) for raw_fact in record["facts"]}
    return ExamState(record["exam_id"], facts, _phi(record["phi"]))


def _phi(branch: object) -> dict[str, KnownPhi]:
    records = branch if isinstance(branch, list) else [] if branch is None else [branch]
    return {phi.patient_key: phi for phi in map(_known_phi, records)}


def _fact_record(event_id: str, fact: Fact) -> dict[str, object]:
    return {
        "event_id": UUID(event_id).bytes,
        "step": fact.step,
        "occurred_us": fact.occurred_us,
        "recorded_us": fact.recorded_us,
        "site": fact.site,
        "patient_key": None if fact.patient_key is None else fact.patient_key.encode(),
        "corrects": None if fact.corrects is None else UUID(fact.corrects).bytes,
        "attributes": dict(sorted(fact.attributes.items())),
    }


def _fact(record: dict[str, object]) -> Fact:
    fields: dict[str, object] = dict(record)
    del fields["event_id"]
    corrects, key = fields["corrects"], fields["patient_key"]
    fields["corrects"] = str(UUID(bytes=corrects)) if isinstance(corrects, bytes) else None
    fields["patient_key"] = key.decode() if isinstance(key, bytes) else None
    return Fact(**fields)  # type: ignore[arg-type]  # the schema has the class's types


def _phi_branch(known: Mapping[str, KnownPhi]) -> object:
    records = [_phi_record(phi) for _, phi in sorted(known.items())]
    return records if len(records) > 1 else next(iter(records), None)


def _phi_record(phi: KnownPhi) -> dict[str, object]:
    return {
        "has_text": phi.has_text,
        "occurred_us": phi.occurred_us,
        "event_id": UUID(phi.event_id).bytes,
        **phi.sealed.to_record(),
    }


def _known_phi(record: Mapping[str, Any]) -> KnownPhi:
    return KnownPhi(
        record["has_text"],
        record["occurred_us"],
        str(UUID(bytes=record["event_id"])),
        SealedPhi.from_record(record),
    )
