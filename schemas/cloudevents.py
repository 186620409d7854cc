"""CloudEvents 1.0, Kafka protocol binding, binary content mode: the headers of every message."""

from __future__ import annotations

from urllib.parse import quote

from schemas.events import Event

CONTENT_TYPE = "application/avro"
Headers = list[tuple[str, bytes]]


def headers(event: Event) -> Headers:
    """The headers of `event`; `ce_type` is its full Avro name."""
    envelope = event.envelope
    return [
        ("ce_specversion", b"1.0"),
        ("ce_id", envelope.event_id.encode()),
        ("ce_type", event.AVRO_NAME.encode()),
        # A URI reference (CloudEvents 1.0, source): a site code may hold what a URI may not.
        ("ce_source", f"/radstream/{quote(envelope.site, safe='')}/{envelope.source.protocol}".encode()),
        ("ce_time", envelope.occurred_at.isoformat().replace("+00:00", "Z").encode()),
        ("ce_subject", envelope.exam_id.encode()),
        ("content-type", CONTENT_TYPE.encode()),
    ]
