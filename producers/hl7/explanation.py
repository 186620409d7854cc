"""What a message is and what becomes of it, for the person who connects its sender. Never log it: PHI."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from producers.hl7.context import MappingConfig, profile_of
from producers.hl7.dictionary import field_name, segment_name
from producers.hl7.mapping import map_traced, type_of
from producers.hl7.message import Segment
from producers.hl7.parsing import parse
from producers.hl7.profile import Profile
from producers.hl7.rejections import Rejected
from producers.hl7.trace import Notice, Trace, Use
from producers.throwaway_keys import ThrowawayKeyRing
from producers.timestamps import InvalidTimestamp, read_timestamp
from schemas.events import Event
from schemas.phi import open_sealed

# What is used of every message, whatever its profile.
_ALWAYS_USED: Mapping[str, str] = {
    "MSH-1": "field separator",
    "MSH-2": "delimiters",
    "MSH-3": "source.system, profile",
    "MSH-4": "source.facility, profile",
    "MSH-9": "which mapping",
    "MSH-10": "source_message_id, MSA-2",
    "MSH-12": "version of the answer",
    "MSH-15": "answer: accept",
    "MSH-16": "answer: application",
    "MSH-18": "character set",
    "PID-5": "patient_name (sealed)",
    "PID-7": "birth_date (sealed)",
    "PID-8": "sex (sealed)",
}


@dataclass(frozen=True, slots=True)
class ExplainedField:
    """place: as PID-3. used_as: fields of the profile or the event; empty where it is not used."""

    place: str
    name: str
    value: str
    used_as: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ExplainedSegment:
    """A segment, and its fields that have a value."""

    segment: str
    name: str
    fields: Sequence[ExplainedField]


@dataclass(frozen=True, slots=True)
class ExplainedEvent:
    """An event. fields: what it says. sealed: what only the key ring opens. empty: fields without a value."""

    event: str
    exam_id: str
    occurred_at: datetime
    fields: Mapping[str, Any]
    sealed: Mapping[str, str]
    empty: Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Explanation:
    """answer: MSA-1 that the listener would give. rejected: why it is not AA."""

    message_type: str
    version: str
    control_id: str
    sender: str
    profile: str
    character_set: str
    content_sha256: str
    segments: Sequence[ExplainedSegment]
    events: Sequence[ExplainedEvent]
    answer: str
    rejected: Mapping[str, str] | None
    warnings: Sequence[Notice]
    silences: Sequence[Notice]


def explain(raw: bytes, config: MappingConfig, recorded_at: datetime) -> Explanation:
    """What the listener would make of `raw`. Raises UnparsableMessage where it is no HL7 message."""
    message = parse(raw)
    profile = profile_of(message, config)
    uses: list[Use] = []
    trace, ring = Trace(uses=uses), ThrowawayKeyRing()
    events: list[Event] = []
    rejected: Rejected | None = None
    try:
        events = map_traced(message, config, ring, recorded_at, trace).events
    except Rejected as error:
        rejected = error
    _note_times(uses, trace, profile, config)
    version = message.header.value(12)
    return Explanation(
        message_type="^".join(type_of(message)),
        version=version,
        control_id=message.header.value(10),
        sender=f"{message.header.value(3)}|{message.header.value(4)}",
        profile=profile.name,
        character_set=message.codec,
        content_sha256=message.content_sha256,
        segments=[_segment(segment, version, uses) for segment in message.segments],
        events=[_event(event, ring, profile) for event in events],
        answer=rejected.code if rejected else "AA",
        rejected=_reason(rejected) if rejected else None,
        warnings=trace.warnings,
        silences=[*trace.silences, *_unsaid(events, profile)],
    )


def _segment(segment: Segment, version: str, uses: Sequence[Use]) -> ExplainedSegment:
    used = [use for use in uses if use.segment is segment]
    fields = [
        _field(segment, number, version, used)
        for number in range(1, len(segment.fields) + 1)
        if segment.raw(number)
    ]
    return ExplainedSegment(segment.name, segment_name(segment.name), fields)


def _field(segment: Segment, number: int, version: str, used: Sequence[Use]) -> ExplainedField:
    place = f"{segment.name}-{number}"
    names = [_ALWAYS_USED[place]] if place in _ALWAYS_USED else []
    names += [_use(use) for use in used if use.path.field == number]
    name = field_name(version, segment.name, number)
    return ExplainedField(place, name, segment.raw(number), tuple(dict.fromkeys(names)))


def _use(use: Use) -> str:
    parts = f"{use.path.component}.{use.path.subcomponent}".removesuffix(".1")
    return use.field if parts == "1" else f"{use.field} (component {parts})"


def _event(event: Event, ring: ThrowawayKeyRing, profile: Profile) -> ExplainedEvent:
    envelope = event.envelope
    phi = open_sealed(ring, envelope.event_id, envelope.phi).to_record() if envelope.phi else {}
    said = {name: value for name, value in event.to_record().items() if name != "envelope"}
    return ExplainedEvent(
        type(event).__name__,
        envelope.exam_id,
        envelope.occurred_at,
        {name: value for name, value in said.items() if value is not None},
        {name: str(value) for name, value in phi.items() if value is not None},
        {name: _places(profile, name) for name in profile.paths if name in said and said[name] is None},
    )


def _places(profile: Profile, field: str) -> list[str]:
    return [path.text for path in profile.paths[field]]


def _reason(rejected: Rejected) -> Mapping[str, str]:
    return {
        "reason": rejected.reason,
        "detail": rejected.detail,
        "error": rejected.error,
        "location": rejected.location,
    }


def _note_times(uses: Sequence[Use], trace: Trace, profile: Profile, config: MappingConfig) -> None:
    zone = profile.zone or config.zone
    for use in uses:
        if not use.field.endswith("_at"):
            continue
        hit = use.path.first({use.segment.name: [use.segment]})
        try:
            read = read_timestamp(hit.value, zone) if hit else None
        except InvalidTimestamp:
            continue
        if read is not None and not read.has_offset:
            detail = f"read on the clock of {zone}: {read.at.isoformat()}"
            trace.warn("time_without_offset", use.path.text, detail)


def _unsaid(events: Sequence[Event], profile: Profile) -> list[Notice]:
    said = {type(event).__name__ for event in events}
    if "OrderPlaced" in said and "ExamScheduled" not in said:
        places = ", ".join(_places(profile, "scheduled_at"))
        return [Notice("not_scheduled", "TQ1-7", f"no ExamScheduled: no time in {places}")]
    return []
