"""What the simulator writes down about what it sent, and what follows from it. Pure; no PHI."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from enum import StrEnum

import orjson


class Kind(StrEnum):
    """What an entry says."""

    RUN = "run"
    SENT = "sent"
    ACKNOWLEDGED = "acknowledged"
    REFUSED = "refused"
    EXAM_FINISHED = "exam_finished"


class Cargo(StrEnum):
    """What was sent."""

    HL7 = "hl7"
    INSTANCE = "instance"


class InvalidEntry(ValueError):
    """The line is no entry of a ledger."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """One line.

    `at`: wall time, UTC. `id`: MSH-10 or SOP Instance UID. `answer`: MSA-1, or the DIMSE status as four
    hexadecimal digits. `events`: the workflow events that an HL7 message tells of. `size` and `sha256`: of
    the message's content, or of the data set as Explicit VR Little Endian puts it on the wire. `plan`,
    `started_at` (department time) and `exams` belong to the entry of the run.
    """

    kind: Kind
    run: str
    at: str = field(default_factory=lambda: datetime.now(UTC).isoformat())
    cargo: Cargo | None = None
    exam: int | None = None
    exam_id: str | None = None
    id: str | None = None
    trigger: str | None = None
    events: int | None = None
    answer: str | None = None
    size: int | None = None
    sha256: str | None = None
    plan: str | None = None
    started_at: str | None = None
    exams: int | None = None

    def line(self) -> bytes:
        """The entry as one line of JSON, its end included."""
        content = {name: value for name in _FIELDS if (value := getattr(self, name)) is not None}
        return orjson.dumps(content) + b"\n"


_FIELDS = tuple(one.name for one in fields(LedgerEntry))


def entry_of(line: bytes) -> LedgerEntry:
    """The entry that `line` holds. Raises InvalidEntry."""
    try:
        content = orjson.loads(line)
        cargo = content.pop("cargo", None)
        kind = Kind(content.pop("kind"))
        return LedgerEntry(kind=kind, cargo=None if cargo is None else Cargo(cargo), **content)
    except (ValueError, TypeError, KeyError, AttributeError):
        raise InvalidEntry("not an entry of a ledger") from None


@dataclass(frozen=True, slots=True)
class LedgerSummary:
    """What a run has sent and what became of it; messages and instances are counted once, however often sent.

    `exams`: planned (of an endless run: begun). `exams_finished`: all of whose messages and instances have
    their last answer. `resent`: attempts beyond the first. `events_expected`: what the acknowledged messages
    tell of; the events of `instances_stored` come on top.
    """

    exams: int = 0
    exams_finished: int = 0
    hl7_sent: int = 0
    hl7_acked: int = 0
    hl7_refused: int = 0
    instances_sent: int = 0
    instances_stored: int = 0
    instances_refused: int = 0
    resent: int = 0
    events_expected: int = 0


@dataclass(slots=True)
class _Exam:
    sent: set[str] = field(default_factory=set)
    answered: set[str] = field(default_factory=set)


class Tally:
    """The fold over a ledger's entries. What is remembered of a finished exam is that it is finished."""

    def __init__(self) -> None:
        self._planned: int | None = None
        self._open: dict[int, _Exam] = {}
        self._finished: set[int] = set()
        self._sent = dict.fromkeys(Cargo, 0)
        self._accepted = dict.fromkeys(Cargo, 0)
        self._refused = dict.fromkeys(Cargo, 0)
        self._attempts = 0
        self._events = 0

    def add(self, entry: LedgerEntry) -> None:
        """Take `entry` into account; an answer that is already known changes nothing."""
        if entry.kind is Kind.RUN:
            self._planned = entry.exams
        elif entry.exam is None or entry.exam in self._finished:
            return
        elif entry.kind is Kind.EXAM_FINISHED:
            self._finished.add(entry.exam)
            self._open.pop(entry.exam, None)
        elif entry.id is not None and entry.cargo is not None:
            self._count(self._open.setdefault(entry.exam, _Exam()), entry, entry.id, entry.cargo)

    def _count(self, exam: _Exam, entry: LedgerEntry, what: str, cargo: Cargo) -> None:
        if entry.kind is Kind.SENT:
            self._attempts += 1
            self._sent[cargo] += what not in exam.sent
            exam.sent.add(what)
        elif what not in exam.answered:
            exam.answered.add(what)
            is_accepted = entry.kind is Kind.ACKNOWLEDGED
            self._accepted[cargo] += is_accepted
            self._refused[cargo] += not is_accepted
            self._events += (entry.events or 0) if is_accepted else 0

    def is_finished(self, exam: int) -> bool:
        """Whether everything of the exam has its last answer."""
        return exam in self._finished

    def has_begun(self, exam: int) -> bool:
        """Whether anything of the exam was ever sent."""
        return exam in self._finished or exam in self._open

    def is_answered(self, exam: int, what: str) -> bool:
        """Whether the message or instance `what` of the exam has its last answer."""
        return exam in self._finished or (exam in self._open and what in self._open[exam].answered)

    def summary(self) -> LedgerSummary:
        """The counts so far."""
        begun = len(self._open) + len(self._finished)
        return LedgerSummary(
            exams=begun if self._planned is None else self._planned,
            exams_finished=len(self._finished),
            hl7_sent=self._sent[Cargo.HL7],
            hl7_acked=self._accepted[Cargo.HL7],
            hl7_refused=self._refused[Cargo.HL7],
            instances_sent=self._sent[Cargo.INSTANCE],
            instances_stored=self._accepted[Cargo.INSTANCE],
            instances_refused=self._refused[Cargo.INSTANCE],
            resent=self._attempts - sum(self._sent.values()),
            events_expected=self._events,
        )


def summarise(entries: Iterable[LedgerEntry]) -> LedgerSummary:
    """The summary of one run's entries."""
    tally = Tally()
    for entry in entries:
        tally.add(entry)
    return tally.summary()
