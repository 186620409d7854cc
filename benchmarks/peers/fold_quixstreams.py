"""The fold as a Quix Streams application: state in its store and changelog, both rows to topics. The peer.

Run by `benchmarks.fold` in an environment of its own (`quixstreams.lock`), with what it needs as JSON in the
first argument. It does what its documentation shows for a stateful application: one `apply` for each message,
which reads the exam's state, folds the event and gives both rows, each sent to its topic.
"""

from __future__ import annotations

import json
import sys
from typing import Any

# Only in the peer's environment.
from quixstreams import Application
from quixstreams.models import TopicConfig

from processors.exam_state import ExamState
from processors.state_codec import decode_state, encode_state
from processors.turnaround import turnaround_draft
from processors.view import view_of
from processors.worklist import worklist_draft
from schemas.codec import Codec
from schemas.contracts import self_contained
from schemas.events import EVENT_CLASSES
from schemas.identity import is_exam

Rows = tuple[bytes, bytes]
# Its recovery takes values whose first eight bytes look like a time for something else than they are.
STATE_PREFIX = b"radstate"


def fold(codec: Codec, value: bytes, state: Any) -> Rows | None:
    """Join the event to its exam's state; both rows of the exam, encoded. None where it is of no exam."""
    event = codec.decode(value)
    if not isinstance(event, EVENT_CLASSES):
        raise TypeError("no event")
    if not is_exam(event.envelope.exam_id):
        return None
    raw = state.get_bytes("exam")
    exam = ExamState(event.envelope.exam_id) if raw is None else decode_state(raw.removeprefix(STATE_PREFIX))
    exam.add(event)
    state.set_bytes("exam", STATE_PREFIX + encode_state(exam))
    view = view_of(exam)
    return codec.encode(worklist_draft(view)), codec.encode(turnaround_draft(view))


def main(asked: dict[str, Any]) -> None:
    """Run until SIGTERM."""
    names = {number: name for name, number in asked["ids"].items()}
    codec = Codec(asked["ids"], lambda number: json.dumps(self_contained(names[number])))
    app = Application(
        broker_address=asked["bootstrap"],
        consumer_group=asked["group"],
        state_dir=asked["state_directory"],
        auto_offset_reset="earliest",
        loglevel="WARNING",
    )
    shape = TopicConfig(num_partitions=asked["partitions"], replication_factor=1)

    def bytes_topic(name: str) -> Any:
        return app.topic(
            name,
            key_serializer="bytes",
            key_deserializer="bytes",
            value_serializer="bytes",
            value_deserializer="bytes",
            config=shape,
        )

    worklist, turnaround = (bytes_topic(name) for name in asked["outputs"])
    rows = app.dataframe(bytes_topic(asked["source"])).apply(
        lambda value, state: fold(codec, value, state), stateful=True
    )
    rows = rows.filter(lambda pair: pair is not None)
    rows.apply(lambda pair: pair[0]).to_topic(worklist)
    rows.apply(lambda pair: pair[1]).to_topic(turnaround)
    print("ready", flush=True)
    app.run()


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
