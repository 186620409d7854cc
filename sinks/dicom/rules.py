"""Which events make a study go to a destination: pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, fields

from schemas.events import Event, ExamScheduled, ImagesStored, OrderPlaced, PatientArrived, StudyStored

STORED: Mapping[str, type[Event]] = {"study_stored": StudyStored, "images_stored": ImagesStored}
AHEAD: Mapping[str, type[Event]] = {cls.__name__: cls for cls in (OrderPlaced, ExamScheduled, PatientArrived)}

# Facts that every event has, and those that the index knows of a study's images.
_OF_ALL = frozenset({"site", "exam_prefix", "accession_prefix"})
OF_IMAGES = frozenset({"modality", "body_part", "calling_ae_title"})
_OF_EVENTS = (
    "modality",
    "priority",
    "patient_class",
    "procedure_code",
    "location",
    "station_ae_title",
)

Facts = Mapping[str, Collection[str]]


@dataclass(frozen=True, slots=True)
class When:
    """Conditions by the name of a fact: one of the texts is it, or begins it where the name says `prefix`."""

    conditions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def holds(self, facts: Facts) -> bool:
        """Whether each condition is met by one of the values of its fact."""
        return all(
            any(_fits(name, value, wanted) for value in facts.get(name, ()))
            for name, wanted in self.conditions.items()
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Forward:
    """A study goes out when it was stored: the whole study, as far as its images did not go before."""

    on: str = "study_stored"
    when: When = field(default_factory=When)

    @property
    def events(self) -> frozenset[type[Event]]:
        """The event that it waits for."""
        return frozenset({STORED[self.on]})


@dataclass(frozen=True, slots=True, kw_only=True)
class Prefetch:
    """Earlier studies of the patient go out when an exam is ahead.

    studies: How many, the latest first. within_years: Not older.
    same_modality: Only those of the exam's modality, where the event says it.
    modalities, body_parts: Only those with one of these; empty for all.
    again_after_days: What went before goes again after so long: workstations delete.
    """

    on: frozenset[str] = frozenset({"ExamScheduled"})
    when: When = field(default_factory=When)
    studies: int = 3
    within_years: float = 5.0
    same_modality: bool = False
    modalities: tuple[str, ...] = ()
    body_parts: tuple[str, ...] = ()
    again_after_days: float = 14.0

    @property
    def events(self) -> frozenset[type[Event]]:
        """The events that it waits for."""
        return frozenset(AHEAD[name] for name in self.on)


Rule = Forward | Prefetch


def known_facts(event: type[Event]) -> frozenset[str]:
    """What a condition may name on this event."""
    names = {option.name for option in fields(event)}
    of_event = _OF_ALL | {name for name in _OF_EVENTS if name in names}
    return of_event | OF_IMAGES if event in STORED.values() else of_event


def facts_of(event: Event) -> dict[str, Collection[str]]:
    """What the event says that a condition may ask for."""
    envelope = event.envelope
    facts: dict[str, Collection[str]] = {
        "site": (envelope.site,),
        "exam_prefix": (envelope.exam_id,),
        "accession_prefix": _given(getattr(event, "accession_number", None)),
    }
    return facts | {name: _given(getattr(event, name, None)) for name in _OF_EVENTS}


def _given(value: str | None) -> tuple[str, ...]:
    return () if value is None else (value,)


def _fits(name: str, value: str, wanted: Iterable[str]) -> bool:
    if name.endswith("_prefix"):
        return any(value.startswith(beginning) for beginning in wanted)
    return value in wanted
