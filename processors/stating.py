"""What is taken from the events of each class, and how: from an event to its fact. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from hashlib import sha256
from operator import attrgetter
from typing import Any, NamedTuple

from processors.facts import Fact, Value, envelope_fact, to_us
from schemas.events import (
    EVENT_CLASSES,
    AppointmentCancelled,
    Event,
    ExamReconciled,
    ExamUnreconciled,
    ImagesStored,
    MismatchDetected,
    PatientMerged,
    PatientUnmerged,
    SeriesStored,
    StudyStored,
)

# What the views take from events, besides when they occurred. Times are microseconds since the epoch.
ATTRIBUTES = (
    "accession_number",
    "study_instance_uid",
    "modality",
    "procedure_code",
    "procedure_name",
    "priority",
    "patient_class",
    "location",
    "scheduled_at",
    "station_ae_title",
    "room",
    # People, by pseudonym.
    "role",
    "assigned_to",
    "protocolled_by",
    "opened_by",
    "read_by",
    "reported_by",
    "notified_by",
    "recipient",
    "acknowledged_by",
    # Critical results, delays and algorithms.
    "category",
    "delay_code",
    "model_name",
    "finding_code",
    "finding_present",
    "score",
)
# Only what is in the archive: StudySent and StudyRetrieved count what went elsewhere.
_COUNTS = ("series_count", "instance_count")
# What only identity is decided by; a text of 64 digits each, so only of those few events.
_PAIR = ("from_exam_id", "into_exam_id")
_PATIENTS = ("merged_patient_key", "surviving_patient_key")
_BESIDES: Mapping[type[Event], tuple[str, ...]] = {
    ImagesStored: _COUNTS,
    StudyStored: _COUNTS,
    SeriesStored: ("instance_count", "series_instance_uid"),
    ExamReconciled: (*_PAIR, *_COUNTS, "first_image_at", "stored_at", "images_patient_key"),
    ExamUnreconciled: _PAIR,
    PatientMerged: _PATIENTS,
    PatientUnmerged: _PATIENTS,
    MismatchDetected: ("attribute", "expected_patient_key", "found_patient_key"),
}
# An appointment that is no more says nothing of when the exam is.
_LEFT_OUT: Mapping[type[Event], frozenset[str]] = {AppointmentCancelled: frozenset({"scheduled_at"})}


def fact_of(event: Event) -> Fact:
    """What `event` states. Raises ValueError where its ids are no UUIDs."""
    carried = _CARRIED[event.__class__]
    attributes: dict[str, Value] = {
        name: value
        for name, value in zip(carried.names, carried.values_of(event), strict=True)
        if value is not None
    }
    for name, keep in carried.converted:
        if name in attributes:
            attributes[name] = keep(attributes[name])
    return envelope_fact(event.__class__.__name__, event.envelope, attributes)


def stated(step: str, fields: Mapping[str, Any]) -> dict[str, Value]:
    """What an event called `step` states, by its own fields as JSON has them: instants in ISO 8601.

    Raises ValueError or TypeError where a field is not what the contract says, KeyError where nobody knows
    the step.
    """
    carried = _CARRIED_BY_STEP[step]
    attributes: dict[str, Value] = {
        kept_as: fields[name]
        for kept_as, name in zip(carried.names, carried.fields, strict=True)
        if fields.get(name) is not None
    }
    for kept_as, keep in carried.converted:
        if kept_as in attributes:
            value = attributes[kept_as]
            attributes[kept_as] = keep(datetime.fromisoformat(str(value)) if keep is to_us else value)
    return attributes


def _digest(uid: str) -> int:
    """A UID where it only has to be told apart from the exam's few others: 48 bits of its SHA-256."""
    return int.from_bytes(sha256(uid.encode()).digest()[:6], "big")


# Attributes that are kept under another name, in another form.
_KEPT: Mapping[str, tuple[str, Callable[[Any], Value]]] = {"series_instance_uid": ("series", _digest)}
# Types that are kept in another form.
_PLAIN: Mapping[str, Callable[[Any], Value]] = {"datetime": to_us, "bool": int}


class _Carried(NamedTuple):
    """What is taken from events of one class: the names it is kept under, in order, and how it is read.

    fields: what the event itself calls them.
    """

    names: tuple[str, ...]
    fields: tuple[str, ...]
    values_of: Callable[[Event], tuple[Any, ...]]
    converted: tuple[tuple[str, Callable[[Any], Value]], ...]


def _carried(cls: type[Event]) -> _Carried:
    wanted = {name for name in ATTRIBUTES if name in cls.__slots__} - _LEFT_OUT.get(cls, frozenset())
    wanted.update(_BESIDES.get(cls, ()))
    kept = sorted((_KEPT[name][0] if name in _KEPT else name, name) for name in wanted)
    types = {field.name: str(field.type).partition(" ")[0] for field in fields(cls)}
    converted = [
        (kept_as, _KEPT[name][1] if name in _KEPT else _PLAIN[types[name]])
        for kept_as, name in kept
        if name in _KEPT or types[name] in _PLAIN
    ]
    names, own = tuple(kept_as for kept_as, _ in kept), tuple(name for _, name in kept)
    return _Carried(names, own, _reader(own), tuple(converted))


def _reader(names: Sequence[str]) -> Callable[[Event], tuple[Any, ...]]:
    if len(names) > 1:
        return attrgetter(*names)
    return lambda event: tuple(getattr(event, name) for name in names)


_CARRIED: Mapping[type[Event], _Carried] = {cls: _carried(cls) for cls in EVENT_CLASSES}
_CARRIED_BY_STEP: Mapping[str, _Carried] = {cls.__name__: carried for cls, carried in _CARRIED.items()}
