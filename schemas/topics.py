"""The topics: who writes, who reads, and how each is kept. Created explicitly, never by accident."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from schemas.contracts import contracts

EVENTS = "radstream.events.v1"
INSTANCES = "radstream.instances.v1"
WORKLIST = "radstream.worklist.v1"
TURNAROUND = "radstream.turnaround.v1"
ALERTS = "radstream.alerts.v1"
DUE = "radstream.due.v1"
PREDICTIONS = "radstream.predictions.v1"
TARGETS = "radstream.targets.v1"
DEADLETTERS = "radstream.deadletters.v1"
AUDIT = "radstream.audit.v1"
GOVERNANCE = "radstream.governance.v1"
# The largest dead letter that Kafka takes, so that what a listener refuses is kept whole. Below the 100 MB of
# one request to a broker (socket.request.max.bytes) and one answer to a client (receive.message.max.bytes).
DEADLETTER_RECORD_BYTES = 64 * 1024 * 1024
# Faust derives this name from the app's id and the table's name; both are written out in processors.
FOLD_CHANGELOG = "radstream.fold-exams-changelog"


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """One topic as it is created: `config` are Kafka's own topic settings."""

    name: str
    partitions: int
    config: Mapping[str, str] = field(default_factory=dict)


_FOR_EVER = {"cleanup.policy": "delete", "retention.ms": "-1"}
_LATEST = {"cleanup.policy": "compact", "segment.ms": "3600000", "min.cleanable.dirty.ratio": "0.2"}


def topic_specs(partitions: int) -> tuple[TopicSpec, ...]:
    """Every topic. The log, its views and the changelog are co-partitioned by exam_id."""
    return (
        TopicSpec(EVENTS, partitions, _FOR_EVER),
        TopicSpec(INSTANCES, partitions, _FOR_EVER),
        TopicSpec(WORKLIST, partitions, _LATEST),
        TopicSpec(TURNAROUND, partitions, _LATEST),
        TopicSpec(ALERTS, partitions, _LATEST),
        TopicSpec(DUE, partitions, _LATEST),
        TopicSpec(PREDICTIONS, partitions, _LATEST),
        # One partition: which version follows which is decided by where they stand.
        TopicSpec(TARGETS, 1, _FOR_EVER),
        TopicSpec(FOLD_CHANGELOG, partitions, _LATEST),
        TopicSpec(AUDIT, partitions, _FOR_EVER),
        # One partition: whether a hold or an erasure came first is decided by where they stand.
        TopicSpec(GOVERNANCE, 1, _FOR_EVER),
        TopicSpec(DEADLETTERS, 1, {**_FOR_EVER, "max.message.bytes": str(DEADLETTER_RECORD_BYTES)}),
    )


ARCHIVED: tuple[str, ...] = tuple(spec.name for spec in topic_specs(1))
"""What the archive keeps: every topic."""
COMPACTED = frozenset(spec.name for spec in topic_specs(1) if spec.config["cleanup.policy"] == "compact")
"""Topics of latest values: Kafka takes away what a later message of the same key replaces."""


def topic_of(avro_name: str) -> str:
    """The topic that an event of this record name goes to."""
    return str(contracts()[avro_name].get("topic", EVENTS))
