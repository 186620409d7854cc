"""A message's order groups (ORC, OBR and what belongs to them), and what they say about the exam."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from producers.hl7.context import MappingConfig
from producers.hl7.message import Message, Segment, parse_reference, value_at
from producers.hl7.rejections import MissingAccession, MissingSegment
from schemas.identity import exam_id_of_accession

# Where the accession number stands, the first that has a value: OBR-18, the filler order number, IPC-1.
_ACCESSION = ("OBR-18", "OBR-3.1", "IPC-1")
# HL7 table 0485; older messages use the letters alone.
_PRIORITY: Mapping[str, str] = {
    "S": "STAT",
    "A": "ASAP",
    "R": "ROUTINE",
    "P": "PREOP",
    "C": "CALLBACK",
    "T": "TIMING",
}


@dataclass(frozen=True, slots=True)
class OrderGroup:
    """One order of the message; `position` counts from 0."""

    segments: Sequence[Segment]
    position: int

    def value(self, *references: str) -> str | None:
        """The first value that one of `references` has."""
        return value_at(self.segments, *references) or None

    def all(self, name: str) -> list[Segment]:
        """Every segment of this name."""
        return [segment for segment in self.segments if segment.name == name]

    @property
    def study_instance_uid(self) -> str | None:
        """ZDS-1.1 (IHE Scheduled Workflow), else IPC-3."""
        return self.value("ZDS-1.1", "IPC-3")

    @property
    def modality(self) -> str | None:
        """OBR-24 as radiology uses it, else IPC-5."""
        return self.value("OBR-24", "IPC-5")

    @property
    def priority(self) -> str | None:
        """In the words of table 0485."""
        said = (self.value("TQ1-9", "OBR-27.6", "ORC-7.6", "OBR-5") or "").upper()
        return _PRIORITY.get(said, said if said in _PRIORITY.values() else None)


@dataclass(frozen=True, slots=True)
class Exam:
    """accession_number without its issuer; exam_id with it."""

    accession_number: str
    exam_id: str


def order_groups(message: Message) -> list[OrderGroup]:
    """In the message's order. Raises MissingSegment where there is neither ORC nor OBR."""
    groups: list[list[Segment]] = []
    for segment in message.segments:
        has_request = bool(groups) and any(known.name == "OBR" for known in groups[-1])
        if segment.name == "ORC" or (segment.name == "OBR" and (not groups or has_request)):
            groups.append([])
        if groups:
            groups[-1].append(segment)
    if not groups:
        raise MissingSegment("no ORC and no OBR segment", "ORC")
    return [OrderGroup(group, position) for position, group in enumerate(groups)]


def exam_of(group: OrderGroup, config: MappingConfig) -> Exam:
    """The exam by its accession number; the issuer is EI's second component. Raises MissingAccession."""
    for reference in _ACCESSION:
        accession = group.value(reference)
        if accession:
            name, field, _, _ = parse_reference(reference)
            issuer = group.value(f"{name}-{field}.2") or config.site
            return Exam(accession, exam_id_of_accession(issuer, accession))
    raise MissingAccession("no accession number in OBR-18, OBR-3 or IPC-1", "OBR-18")
