"""A row of a file to events. Pure but for the keys: the same row gives the same ids, for ever."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from producers.history.own.mapping import FileMapping
from producers.history.own.milestones import EVENT_OF_MILESTONE, PATIENT_COLUMNS, PRIORITIES
from producers.history.own.refusals import MissingAccession, NoMilestone, UnknownMilestone
from producers.history.own.times import Times
from schemas.events import EVENT_CLASSES, Event, OrderChanged
from schemas.identity import event_id, exam_id_of_accession, patient_key, pseudonym
from schemas.parts import Envelope, Phi, SealedPhi, Source
from schemas.phi import KeyRing, seal

PROTOCOL = "history"
_READERS = ("opened_by", "read_by", "reported_by", "protocolled_by")
_OF_THE_ORDER = ("modality", "procedure_code", "procedure_name", "priority", "patient_class", "location")
_NAMES: Mapping[type[Event], frozenset[str]] = {
    cls: frozenset(one.name for one in fields(cls)) for cls in EVENT_CLASSES
}
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _About:
    """What all events of a row share; `known`: fields by the events' names."""

    exam_id: str
    recorded_at: datetime | None
    patient_key: str | None
    phi: Phi
    known: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RowTeller:
    """Tells the rows of files with one mapping.

    `ring` has, or makes, the patients' keys; None: who they are is left out, for a trial.
    """

    mapping: FileMapping
    site: str
    site_secret: bytes
    ring: KeyRing | None

    def patient_of(self, row: Row) -> str | None:
        """The pseudonym of the row's patient; None where the file has no patient ids."""
        number = self._text(row, "patient_id")
        if number is None:
            return None
        return patient_key(self.site_secret, self._text(row, "issuer_of_patient_id") or self.site, number)

    def events_of(self, row: Row) -> list[Event]:
        """What `row`, by column name, states. Raises RefusedRow."""
        accession = self._text(row, "accession_number")
        if accession is None:
            raise MissingAccession(self.mapping.columns["accession_number"])
        times = Times(self.mapping)
        reached = dict(self._reached(row, times))
        known = self._known(row, times, accession)
        about = _About(
            exam_id=exam_id_of_accession(self._text(row, "issuer") or self.site, accession),
            recorded_at=self._time(row, times, "recorded_at"),
            patient_key=self.patient_of(row),
            phi=Phi(**{name: self._text(row, name) for name in PATIENT_COLUMNS}),
            known=known,
        )
        said = [self._event(EVENT_OF_MILESTONE[name], at, about) for name, at in reached.items()]
        if self.mapping.layout == "wide" and "ordered" not in reached and _says_of_the_order(known):
            said.insert(0, self._event(OrderChanged, min(reached.values()), about))
        return said

    def _reached(self, row: Row, times: Times) -> Iterator[tuple[str, datetime]]:
        if self.mapping.layout == "long":
            yield self._one_reached(row, times)
            return
        found = [
            (name, at)
            for name, column in self.mapping.milestones.items()
            if (at := times.read(row.get(column), column)) is not None
        ]
        if not found:
            raise NoMilestone(", ".join(self.mapping.milestones.values()))
        yield from found

    def _one_reached(self, row: Row, times: Times) -> tuple[str, datetime]:
        columns = self.mapping.columns
        name = self.mapping.milestones.get(self._text(row, "milestone") or "")
        if name is None:
            raise UnknownMilestone(columns["milestone"])
        at = times.read(row.get(columns["at"]), columns["at"])
        if at is None:
            raise NoMilestone(columns["at"])
        return name, at

    def _known(self, row: Row, times: Times, accession: str) -> dict[str, Any]:
        """What the row says of the exam besides its milestones, by the events' names."""
        named = ("study_instance_uid", "modality", "procedure_code", "procedure_name", "location", "room")
        known: dict[str, Any] = {name: self._text(row, name) for name in (*named, "station_ae_title")}
        known["accession_number"] = accession
        priority = self._text(row, "priority") or ""
        priority = self.mapping.priorities.get(priority, priority.upper())
        known["priority"] = priority if priority in PRIORITIES else None
        patient_class = self._text(row, "patient_class")
        known["patient_class"] = self.mapping.patient_classes.get(patient_class or "", patient_class)
        known["scheduled_at"] = self._time(row, times, "scheduled_for")
        reader = self._text(row, "reader")
        if reader is not None:
            known |= dict.fromkeys(_READERS, pseudonym(self.site_secret, "reader", reader))
        return {name: value for name, value in known.items() if value is not None}

    def _event(self, cls: type[Event], at: datetime, about: _About) -> Event:
        source = Source(system=self.mapping.system, facility=self.mapping.facility, protocol=PROTOCOL)
        identity = (source.system, source.facility, about.exam_id, cls.AVRO_NAME, at.isoformat())
        this_id = event_id("history", *identity)
        envelope = Envelope(
            event_id=this_id,
            exam_id=about.exam_id,
            occurred_at=at,
            # A file that does not say when something was learned of: as soon as it happened.
            recorded_at=max(at, about.recorded_at or at),
            source=source,
            source_message_id=this_id,
            site=self.site,
            swim_code=cls.SWIM_CODE,
            patient_key=about.patient_key,
            phi=self._sealed(about, this_id),
        )
        values = {name: value for name, value in about.known.items() if name in _NAMES[cls]}
        return cls(envelope=envelope, **values)

    def _sealed(self, about: _About, this_id: str) -> SealedPhi | None:
        if about.patient_key is None or self.ring is None:
            return None
        return seal(self.ring, about.patient_key, this_id, about.phi)

    def _text(self, row: Row, name: str) -> str | None:
        column = self.mapping.columns.get(name)
        value = None if column is None else row.get(column)
        return None if value is None else str(value).strip() or None

    def _time(self, row: Row, times: Times, name: str) -> datetime | None:
        column = self.mapping.columns.get(name)
        return None if column is None else times.read(row.get(column), column)


def _says_of_the_order(known: Mapping[str, Any]) -> bool:
    return any(name in known for name in _OF_THE_ORDER)
