"""The fold in a plain loop: the oracle, and what folding costs without any of Kafka."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks.fold_agreement import digest
from processors.fold import LogMessage, fold_batch
from processors.state_codec import encode_state
from processors.turnaround import turnaround_draft
from processors.view import view_of
from processors.worklist import worklist_draft
from schemas.codec import Codec

_BATCH = 50_000


@dataclass(slots=True)
class BareFold:
    """States and rows by key, as bytes, of the events that were folded so far."""

    codec: Codec
    states: dict[bytes, bytes] = field(default_factory=dict)
    rows: dict[bytes, tuple[bytes, bytes]] = field(default_factory=dict)

    def fold(self, events: Sequence[tuple[bytes, bytes]]) -> None:
        """Fold keys and values in batches, as a worker that catches up does."""
        for start in range(0, len(events), _BATCH):
            messages = [LogMessage(0, 0, key, value) for key, value in events[start : start + _BATCH]]
            folded = fold_batch(messages, self.codec, lambda _, key: self.states.get(key))
            for (_, key), state in folded.states.items():
                view = view_of(state)
                self.states[key] = encode_state(state)
                rows = worklist_draft(view), turnaround_draft(view)
                self.rows[key] = self.codec.encode(rows[0]), self.codec.encode(rows[1])

    def measure(self, events: Sequence[tuple[bytes, bytes]]) -> dict[str, float]:
        """Fold them, and what it took."""
        start_s = time.process_time()
        self.fold(events)
        cpu_s = time.process_time() - start_s
        return {
            "events_per_cpu_s": round(len(events) / cpu_s, 1),
            "cpu_us_per_event": round(1e6 * cpu_s / len(events), 2),
        }

    def digests(self) -> dict[str, dict[bytes, bytes]]:
        """By kind of value, a digest of each exam's."""
        return {
            "state": {key: digest(value) for key, value in self.states.items()},
            "worklist": {key: digest(value[0]) for key, value in self.rows.items()},
            "turnaround": {key: digest(value[1]) for key, value in self.rows.items()},
        }
