"""What a flush writes of one partition: states and both rows, as bytes."""

from __future__ import annotations

from dataclasses import dataclass, field

from processors.clock_bounds import ClockBounds
from processors.exam_state import ExamState
from processors.record_batches import Message
from processors.state_codec import encode_state
from processors.turnaround import turnaround_draft
from processors.view import view_of
from processors.worklist import worklist_draft
from schemas.codec import Codec


@dataclass(slots=True)
class Publication:
    """Key and bytes of each exam. changelog_offset: of the last state, once Kafka has it."""

    states: list[Message] = field(default_factory=list)
    worklist: list[Message] = field(default_factory=list)
    turnaround: list[Message] = field(default_factory=list)
    changelog_offset: int = -1

    def add(self, key: bytes, state: ExamState, codec: Codec, bounds: ClockBounds) -> None:
        """Add an exam."""
        view = view_of(state, bounds)
        self.states.append((key, encode_state(state)))
        self.worklist.append((key, codec.encode(worklist_draft(view))))
        self.turnaround.append((key, codec.encode(turnaround_draft(view))))
