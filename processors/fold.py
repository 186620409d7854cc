"""Folding a batch of log messages into exam states: pure but for the table that it reads.

A batch touches each exam once, however many events it holds for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from processors.exam_state import ExamState, Rebuild
from processors.state_codec import decode_state
from schemas.codec import Codec
from schemas.errors import DecodeError, UnknownRecord
from schemas.events import EVENT_CLASSES, Event
from schemas.identity import is_exam

ReadState = Callable[[int, bytes], bytes | None]


class LogRecord(Protocol):
    """A message of the event log, as a client gives it."""

    @property
    def partition(self) -> int: ...

    @property
    def offset(self) -> int: ...

    @property
    def key(self) -> bytes | None: ...

    @property
    def value(self) -> bytes | None: ...


@dataclass(frozen=True, slots=True)
class LogMessage:
    """One message of the event log, as the broker gave it."""

    partition: int
    offset: int
    key: bytes | None
    value: bytes | None


@dataclass(frozen=True, slots=True)
class Rejected:
    """A message that could not be folded, and why."""

    message: LogRecord
    reason: str
    detail: str


@dataclass(slots=True)
class Folded:
    """What a batch came to: the changed states by (partition, key), and what was rejected.

    unreadable: the exams whose state could not be read; they begin anew, marked to be rebuilt.
    unknown_events: messages with an event of a later version, kept and not shown.
    """

    states: dict[tuple[int, bytes], ExamState] = field(default_factory=dict)
    rejected: list[Rejected] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    unknown_events: int = 0


def fold_batch(
    messages: Iterable[LogRecord], codec: Codec, read_state: ReadState, folded: Folded | None = None
) -> Folded:
    """Fold `messages` onto the states in `folded`, else those that `read_state(partition, key)` holds."""
    folded = Folded() if folded is None else folded
    for message in messages:
        try:
            _fold(message, codec, folded, read_state)
        except (DecodeError, ValueError) as error:
            folded.rejected.append(Rejected(message, type(error).__name__, str(error)))
    return folded


def fold(events: Sequence[Event]) -> dict[str, ExamState]:
    """The offline fold: the states of all exams in `events`, the oracle of every view."""
    states: dict[str, ExamState] = {}
    for event in events:
        exam_id = event.envelope.exam_id
        if is_exam(exam_id):
            states.setdefault(exam_id, ExamState(exam_id)).add(event)
    return states


def _fold(message: LogRecord, codec: Codec, folded: Folded, read_state: ReadState) -> None:
    if message.key is None or message.value is None:
        raise ValueError("a message of the log has a key and a value")
    try:
        record = codec.decode(message.value)
    except UnknownRecord:
        name, envelope = codec.decode_unknown_event(message.value)
        folded.unknown_events += 1
        if is_exam(envelope.exam_id):
            _state(message, envelope.exam_id, folded, read_state).keep(name, envelope)
        return
    if not isinstance(record, EVENT_CLASSES):
        raise ValueError(f"{record.AVRO_NAME} is no event")
    exam_id = record.envelope.exam_id
    if is_exam(exam_id):
        _state(message, exam_id, folded, read_state).add(record)


def _state(message: LogRecord, exam_id: str, folded: Folded, read_state: ReadState) -> ExamState:
    key = message.key or b""
    if key != exam_id.encode():
        raise ValueError("the message's key is not its event's exam_id")
    slot = message.partition, key
    if slot not in folded.states:
        folded.states[slot] = _stored(exam_id, read_state(message.partition, key), folded)
    return folded.states[slot]


def _stored(exam_id: str, raw: bytes | None, folded: Folded) -> ExamState:
    if not raw:
        return ExamState(exam_id)
    try:
        return decode_state(raw)
    except ValueError:
        folded.unreadable.append(exam_id)
        return ExamState(exam_id, rebuild=Rebuild.UNREADABLE)
