"""How every sink consumes: it commits what its store has taken, and nothing before."""

from __future__ import annotations

import structlog
from confluent_kafka import KafkaError

log = structlog.get_logger(__name__)

Settings = dict[str, object]


def consumer_settings(bootstrap: str, group_id: str, instance_id: str | None) -> Settings:
    """librdkafka's settings of a sink's consumer. `instance_id`: a static member of the group."""
    settings: Settings = {
        "bootstrap.servers": bootstrap,
        "group.id": group_id,
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "auto.offset.reset": "earliest",
        "isolation.level": "read_committed",
        # The broker's lower bound: partitions of a sink that was killed are free again after this.
        "session.timeout.ms": 6000,
        "heartbeat.interval.ms": 2000,
        "error_cb": warn_of,
    }
    if instance_id:
        settings["group.instance.id"] = instance_id
    return settings


def warn_of(error: KafkaError) -> None:
    """librdkafka's own troubles (a broker is away): it goes on by itself."""
    log.warning("kafka_error", error=error.name())
