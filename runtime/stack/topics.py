"""Creates Kafka topics with explicit configuration; nothing relies on automatic creation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # public, but not marked as exported
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
)
from confluent_kafka.cimpl import NewTopic

from runtime.stack.errors import TopicError

_LARGEST_RECORD = "max.message.bytes"
BROKER_DEFAULT = -1  # the cluster knows how many replicas it can hold


class TopicLike(Protocol):
    """What a topic must say of itself."""

    @property
    def name(self) -> str: ...

    @property
    def partitions(self) -> int: ...

    @property
    def config(self) -> Mapping[str, str]: ...


def create_topics(bootstrap: str, specs: Sequence[TopicLike], timeout_s: float = 30.0) -> list[str]:
    """Creates the topics that are missing and returns their names.

    Leaves the configuration of others as it is, but for the bound on the size of a record.

    Raises `TopicError` if the broker refuses or does not answer, or if a topic that exists has another
    number of partitions: events of one exam would then no longer share a partition.
    """
    if not specs:
        return []
    admin = AdminClient({"bootstrap.servers": bootstrap, "socket.timeout.ms": int(timeout_s * 1000)})
    wanted = [
        NewTopic(
            spec.name,
            num_partitions=spec.partitions,
            replication_factor=BROKER_DEFAULT,
            config=dict(spec.config),
        )
        for spec in specs
    ]
    results = admin.create_topics(wanted, operation_timeout=timeout_s, request_timeout=timeout_s)
    existing, created = [], []
    for spec in specs:
        try:
            results[spec.name].result()
            created.append(spec.name)
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise TopicError(_refusal(bootstrap, spec.name, error)) from error
            existing.append(spec)
    _check_partitions(admin, bootstrap, existing, timeout_s)
    _widen(admin, bootstrap, existing, timeout_s)
    return created


def _widen(admin: AdminClient, bootstrap: str, specs: Sequence[TopicLike], timeout_s: float) -> None:
    """A topic from before its bound on a record was raised: what it must hold now would not fit."""
    for spec in specs:
        if _LARGEST_RECORD not in spec.config:
            continue
        entry = ConfigEntry(
            _LARGEST_RECORD,
            spec.config[_LARGEST_RECORD],
            incremental_operation=AlterConfigOpType.SET,
        )
        resource = ConfigResource(ConfigResource.Type.TOPIC, spec.name, incremental_configs=[entry])
        try:
            answers = admin.incremental_alter_configs([resource], request_timeout=timeout_s)
            answers[resource].result()
        except KafkaException as error:
            raise TopicError(_refusal(bootstrap, spec.name, error)) from error


def _check_partitions(
    admin: AdminClient, bootstrap: str, specs: Sequence[TopicLike], timeout_s: float
) -> None:
    for spec in specs:
        try:
            found = len(admin.list_topics(spec.name, timeout=timeout_s).topics[spec.name].partitions)
        except KafkaException as error:
            raise TopicError(_refusal(bootstrap, spec.name, error)) from error
        if found != spec.partitions:
            raise TopicError(
                f"topic {spec.name} on {bootstrap} has {found} partitions, {spec.partitions} are configured: "
                f"set RADSTREAM_KAFKA_PARTITIONS={found} to keep it, or replay its events into a new topic"
            )


def _refusal(bootstrap: str, topic: str, error: KafkaException) -> str:
    return (
        f"cannot create topic {topic} on {bootstrap}: {error.args[0].str()}; see that the broker is up "
        "(`radstream status`) and that RADSTREAM_KAFKA_BOOTSTRAP, if set, is right"
    )
