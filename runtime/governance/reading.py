"""The governance topic of an installation: what stands in it, and one more event said."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from runtime.governance.register import Register, register_of
from runtime.installation import Installation
from runtime.topic_records import topic_records
from schemas.codec import Codec
from schemas.identity import event_id
from schemas.parts import Envelope, Source
from schemas.topics import GOVERNANCE

_PROTOCOL = "radstream"
Say = Callable[..., None]
"""Takes events; returns once Kafka has them."""


def read_register(installation: Installation, codec: Codec) -> Register:
    """What stands in the topic now. Raises TopicUnreadable."""
    read = topic_records(installation.kafka_bootstrap, codec, GOVERNANCE)
    return register_of(record for _, record in read if record is not None)


def envelope_of(
    step: str, identity: str, *, site: str, exam_id: str, patient_key: str | None, now: datetime
) -> Envelope:
    """The envelope of what is decided; step and identity make its id. occurred_at: the wall clock's."""
    return Envelope(
        event_id=event_id(_PROTOCOL, "governance", step, identity),
        exam_id=exam_id,
        occurred_at=now,
        recorded_at=now,
        source=Source(system="radstream", facility=site, protocol=_PROTOCOL),
        source_message_id=identity,
        site=site,
        patient_key=patient_key,
    )
