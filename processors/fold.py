"""Folding a batch of log messages into exam states: pure but for the table that it reads.

A batch touches each exam once, however many events it holds for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from processors.exam_state import ExamState
from processors.state_codec import decode_state
from schemas.codec import Codec
from schemas.errors import DecodeError
from schemas.events import EVENT_CLASSES, Event
from schemas.identity import is_exam

ReadState = Callable[[int, bytes], bytes | None]


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

    message: LogMessage
    reason: str
    detail: str


@dataclass(slots=True)
class Folded:
    """What a batch came to: the changed states by (partition, key), and what was rejected."""

    states: dict[tuple[int, bytes], ExamState] = field(default_factory=dict)
    rejected: list[Rejected] = field(default_factory=list)


def fold_batch(messages: Iterable[LogMessage], codec: Codec, read_state: ReadState) -> Folded:
    """Fold `messages` onto the states that `read_state(partition, key)` holds."""
    folded = Folded()
    for message in messages:
        try:
            event = _event(message, codec)
            if is_exam(event.envelope.exam_id):
                _state(message, event, folded, read_state).add(event)
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


def _event(message: LogMessage, codec: Codec) -> Event:
    if message.key is None or message.value is None:
        raise ValueError("a message of the log has a key and a value")
    record = codec.decode(message.value)
    if not isinstance(record, EVENT_CLASSES):
        raise ValueError(f"{record.AVRO_NAME} is no event")
    return record


def _state(message: LogMessage, event: Event, folded: Folded, read_state: ReadState) -> ExamState:
    key = message.key or b""
    slot = message.partition, key
    if slot not in folded.states:
        raw = read_state(message.partition, key)
        folded.states[slot] = decode_state(raw) if raw else ExamState(event.envelope.exam_id)
    return folded.states[slot]
