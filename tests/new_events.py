"""Holds events to what every event promises: `python -m tests.new_events NAME...`; prints a message's events.

`tests/unit/test_extending.py` runs it in a copy of the repository that has events which this one has not.
"""

from __future__ import annotations

import io
import json
import sys
from typing import Any, cast

import fastavro
from hypothesis import HealthCheck, given, settings

from processors.fold import fold
from processors.state_codec import decode_state, encode_state
from processors.worklist import worklist_row
from schemas.codec import CLASS_BY_NAME, Record
from schemas.contracts import EVENTS_NAMESPACE, self_contained
from schemas.events import Event
from sinks.clickhouse.rows import event_payload
from tests.histories import events_of
from tests.producing import golden_events, offline_codec
from tests.strategies import records

_CODEC = offline_codec()
# A process of its own, without the profile of conftest; how fast the machine is proves nothing here either.
_SETTINGS = settings(
    max_examples=30, database=None, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


def check(name: str) -> None:
    """Whatever the event called `name` holds is encoded, decoded, folded and shown; fastavro agrees."""
    cls = CLASS_BY_NAME[f"{EVENTS_NAMESPACE}.{name}"]
    schema = fastavro.parse_schema(dict(self_contained(cls.AVRO_NAME)))

    @_SETTINGS
    @given(records(cls))
    def every_value(event: Record) -> None:
        encoded = _CODEC.encode(event)
        assert _CODEC.decode(encoded) == event
        read = cast("dict[str, Any]", fastavro.schemaless_reader(io.BytesIO(encoded[5:]), schema, None))
        assert cls.from_record(read) == event
        written = io.BytesIO()
        fastavro.schemaless_writer(written, schema, event.to_record())
        assert written.getvalue() == encoded[5:]

    @_SETTINGS
    @given(events_of(cast("type[Event]", cls)))
    def every_event_of_a_history(event: Event) -> None:
        assert _CODEC.decode(_CODEC.encode(event)) == event
        assert json.loads(event_payload(event)).keys() == event.to_record().keys() - {"envelope"}
        (state,) = fold([event]).values()
        assert decode_state(encode_state(state)) == state
        assert worklist_row(state).exam_id == event.envelope.exam_id

    every_value()
    every_event_of_a_history()


def main(names: list[str]) -> int:
    """Check each; then the events of the HL7 message on standard input, as JSON."""
    for name in names:
        check(name)
    json.dump(golden_events(sys.stdin.buffer.read()), sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
