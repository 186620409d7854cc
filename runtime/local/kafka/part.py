"""The local Kafka broker as a supervised part."""

from __future__ import annotations

import functools
import logging
import socket

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from runtime.local.kafka.config import JAVA_ENVIRONMENT, KafkaConfig
from runtime.local.kafka.properties import broker_command
from runtime.local.kafka.storage import prepare_storage
from runtime.stack.part import Part

PROBE_TIMEOUT_S = 1.0
STOP_GRACE_S = 9.0

_quiet = logging.getLogger("radstream.kafka.probe")
_quiet.addHandler(logging.NullHandler())
_quiet.propagate = False  # that a starting broker refuses connections is no news


def kafka_part(config: KafkaConfig) -> Part:
    """The broker: formatted at its first start, ready when it leads its own cluster."""
    return Part(
        name="kafka",
        command=broker_command(config),
        env=JAVA_ENVIRONMENT,
        ports={"kafka": config.port, "kafka_controller": config.controller_port},
        ready=functools.partial(is_serving, config.host, config.port),
        ready_timeout_s=120.0,  # after a crash it reads back the unflushed segments first
        tier=0,
        stop_grace_s=STOP_GRACE_S,
        prepare=functools.partial(prepare_storage, config),
    )


def is_serving(host: str, port: int) -> bool:
    """True if a broker answers there and is registered with its controller (a fenced one is not)."""
    try:
        socket.create_connection((host, port), timeout=PROBE_TIMEOUT_S).close()
    except OSError:
        return False
    client = AdminClient({"bootstrap.servers": f"{host}:{port}"}, logger=_quiet)
    try:
        return bool(client.list_topics(timeout=PROBE_TIMEOUT_S).brokers)
    except KafkaException:
        return False
