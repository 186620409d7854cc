"""CloudEvents 1.0, Kafka protocol binding, binary content mode: the headers of every message."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import quote

from schemas.events import Event

CONTENT_TYPE = "application/avro"
Headers = list[tuple[str, bytes]]

_VERSION = ("ce_specversion", b"1.0")
_CONTENT_TYPE = ("content-type", CONTENT_TYPE.encode())


def headers(event: Event) -> Headers:
    """The headers of `event`; `ce_type` is its full Avro name."""
    envelope = event.envelope
    return [
        _VERSION,
        ("ce_id", envelope.event_id.encode()),
        ("ce_type", event.AVRO_NAME.encode()),
        _source(envelope.site, envelope.source.protocol),
        ("ce_time", envelope.occurred_at.isoformat().replace("+00:00", "Z").encode()),
        ("ce_subject", envelope.exam_id.encode()),
        _CONTENT_TYPE,
    ]


@lru_cache(maxsize=64)
def _source(site: str, protocol: str) -> tuple[str, bytes]:
    """A URI reference (CloudEvents 1.0, source): a site code may hold what a URI may not."""
    return "ce_source", f"/radstream/{quote(site, safe='')}/{protocol}".encode()
