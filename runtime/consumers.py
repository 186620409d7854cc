"""What `status` says of those who consume the log: how far each is, and what the fold did."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from confluent_kafka import KafkaException

from runtime.installation import Installation
from runtime.lag import CONSUMED, read_progress, read_waiting_s
from schemas.metrics_file import read_metrics


def partition_rows(bootstrap: str, roles: Iterable[str]) -> list[dict[str, Any]]:
    """One row per role, topic and partition; none of a role of which Kafka does not say it.

    waiting_s: how long the first message that is not done has stood in Kafka, which is how old the committed
    offset is; 0 where nothing waits, None where Kafka did not give it.
    """
    rows = []
    for role in roles:
        group, topics = CONSUMED[role]
        try:
            progress = read_progress(bootstrap, group, topics)
            waiting = read_waiting_s(bootstrap, progress)
        except KafkaException:
            continue
        for one in progress:
            waiting_s = waiting.get((one.topic, one.partition)) if one.lag else 0.0
            rows.append(
                {
                    "part": role,
                    "topic": one.topic,
                    "partition": one.partition,
                    "committed": one.committed,
                    "end": one.end,
                    "lag": one.lag,
                    "waiting_s": None if waiting_s is None else round(waiting_s, 1),
                }
            )
    return rows


def fold_rows(installation: Installation, parts: Iterable[str]) -> list[dict[str, Any]]:
    """What each fold worker among `parts` said of itself last (`processors.fold_metrics`)."""
    return _said_by(installation, (part for part in parts if part == "fold" or part.startswith("fold-")))


def sink_rows(installation: Installation, parts: Iterable[str]) -> list[dict[str, Any]]:
    """What ClickHouse's sink said of itself last (`sinks.clickhouse.metrics`), where it is among `parts`."""
    return _said_by(installation, (part for part in parts if part == "sink"))


def archive_rows(installation: Installation, parts: Iterable[str]) -> list[dict[str, Any]]:
    """What the archive said of itself last (`sinks.archive.metrics`), where it is among `parts`."""
    return _said_by(installation, (part for part in parts if part == "archive"))


def _said_by(installation: Installation, parts: Iterable[str]) -> list[dict[str, Any]]:
    """Nothing of a part that is about to start and has said nothing yet."""
    said = read_metrics(installation.metrics_path("any").parent)
    return [{"part": part, **said[part]} for part in parts if part in said]
