"""A command's own word to the log: events that Kafka has once they are published."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

from producers.publishing import EventPublisher, PublisherConfig
from runtime.installation import Installation
from schemas.registry import connect_codec

_DELIVERY_TIMEOUT_S = 15.0


@contextmanager
def publisher_of(installation: Installation, client_id: str) -> Iterator[EventPublisher]:
    """A publisher to the installation's log. Raises SchemaError; `publish` raises PublishFailed.

    The registry is asked first: where it is away, nothing has begun.
    """
    codec = connect_codec(installation.registry_url)
    config = PublisherConfig(installation.kafka_bootstrap, client_id, _DELIVERY_TIMEOUT_S)
    with closing(EventPublisher(config, codec)) as publisher:
        yield publisher
