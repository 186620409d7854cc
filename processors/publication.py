"""What a flush writes of one partition: states and the rows of each view, as bytes."""

from __future__ import annotations

from dataclasses import dataclass, field

from processors.clock_bounds import ClockBounds
from processors.exam_state import ExamState
from processors.record_batches import Message
from processors.state_codec import encode_state
from processors.view import view_of
from processors.views import VIEWS
from schemas.codec import Codec


@dataclass(slots=True)
class Publication:
    """Key and bytes of each exam. changelog_offset: of the last state, once Kafka has it.

    rows: by the view's topic.
    """

    states: list[Message] = field(default_factory=list)
    rows: dict[str, list[Message]] = field(default_factory=lambda: {one.topic: [] for one in VIEWS})
    changelog_offset: int = -1

    def add(self, key: bytes, state: ExamState, codec: Codec, bounds: ClockBounds) -> None:
        """Add an exam."""
        view = view_of(state, bounds)
        self.states.append((key, encode_state(state)))
        for one in VIEWS:
            self.rows[one.topic].append((key, codec.encode(one.row_of(view))))
