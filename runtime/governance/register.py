"""What stands in the governance topic, folded: holds that stand, and where each erasure is. Pure.

The topic has one partition, so there is one order, and everybody who reads it comes to the same: of two who
confirm one request the first did; a hold that stands before a confirmation voids it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from schemas.codec import Record
from schemas.events import (
    ErasureCertified,
    ErasureConfirmed,
    ErasureRequested,
    LegalHoldReleased,
    LegalHoldSet,
)


@dataclass(frozen=True, slots=True)
class ErasureCase:
    """One request, and what became of it. void: why confirmations of it did not count."""

    requested: ErasureRequested
    confirmed: ErasureConfirmed | None = None
    certified: ErasureCertified | None = None
    void: tuple[str, ...] = ()

    @property
    def request_id(self) -> str:
        """Its id."""
        return self.requested.request_id


@dataclass(frozen=True, slots=True)
class Register:
    """holds: those that stand, by their ids. erasures: by the requests' ids, in the order of the requests."""

    holds: Mapping[str, LegalHoldSet] = field(default_factory=dict)
    erasures: Mapping[str, ErasureCase] = field(default_factory=dict)

    def holds_on(self, patient_keys: Iterable[str], exam_ids: Iterable[str] = ()) -> list[LegalHoldSet]:
        """The holds on any of the patients, or of the exams, in the order in which they were set."""
        keys, exams = set(patient_keys), set(exam_ids)
        return [
            hold
            for hold in self.holds.values()
            if hold.envelope.patient_key in keys or hold.envelope.exam_id in exams
        ]


def register_of(records: Iterable[Record]) -> Register:
    """The register after the topic's records, in their order."""
    holds: dict[str, LegalHoldSet] = {}
    erasures: dict[str, ErasureCase] = {}
    for record in records:
        match record:
            case LegalHoldSet():
                holds.setdefault(record.hold_id, record)
            case LegalHoldReleased():
                holds.pop(record.hold_id, None)
            case ErasureRequested():
                erasures.setdefault(record.request_id, ErasureCase(record))
            case ErasureConfirmed() if record.request_id in erasures:
                case_now = erasures[record.request_id]
                erasures[record.request_id] = _confirmed(case_now, record, Register(holds))
            case ErasureCertified() if record.request_id in erasures:
                erasures[record.request_id] = replace(erasures[record.request_id], certified=record)
            case _:
                continue
    return Register(dict(holds), erasures)


def _confirmed(case: ErasureCase, confirmation: ErasureConfirmed, before: Register) -> ErasureCase:
    if case.confirmed is not None:
        return case
    void = list(_what_voids(case, confirmation, before))
    if void:
        return replace(case, void=(*case.void, *void))
    return replace(case, confirmed=confirmation)


def _what_voids(case: ErasureCase, confirmation: ErasureConfirmed, before: Register) -> Iterator[str]:
    if confirmation.envelope.recorded_at > case.requested.expires_at:
        yield f"the request ended at {case.requested.expires_at:%Y-%m-%d %H:%M} UTC"
    for hold in before.holds_on(case.requested.patient_keys):
        yield f"legal hold {hold.hold_id} ({hold.hold_reason}, set by {hold.set_by}) stands"
