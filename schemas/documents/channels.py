"""The topics as channels of the AsyncAPI document."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from schemas.codec import CLASS_BY_NAME
from schemas.contracts import EVENTS_NAMESPACE
from schemas.documents.bindings import BINDING
from schemas.topics import (
    ALERTS,
    AUDIT,
    DEADLETTERS,
    DUE,
    EVENTS,
    GOVERNANCE,
    INSTANCES,
    PREDICTIONS,
    TARGETS,
    TURNAROUND,
    WORKLIST,
    topic_of,
    topic_specs,
)


@dataclass(frozen=True, slots=True)
class Channel:
    """One topic.

    key: what its messages are keyed by. said_by: who writes it, where that does not follow from its events.
    """

    name: str
    topic: str
    title: str
    description: str
    key: str
    said_by: str = ""


CHANNELS = (
    Channel(
        "events",
        EVENTS,
        "The log",
        "Every step of every exam, kept for ever. What happened to one exam is in one partition, in the "
        "order in which it was recorded. Delivery is at least once: ce_id tells what was said twice.",
        "exam_id",
    ),
    Channel(
        "instances",
        INSTANCES,
        "Single images",
        "One message an image, keyed as the log, kept for ever.",
        "exam_id",
    ),
    Channel(
        "audit",
        AUDIT,
        "Access to data of patients",
        "Who saw, searched or exported what, kept for ever.",
        "exam_id",
    ),
    Channel(
        "governance",
        GOVERNANCE,
        "Erasures, legal holds, retention",
        "What was decided over data of patients, by whom, in the order in which it counts, kept for ever.",
        "exam_id",
    ),
    Channel(
        "worklist",
        WORKLIST,
        "Each exam as it stands",
        "Compacted: the latest row of each exam. A pure function of the exam's events.",
        "exam_id",
        "fold",
    ),
    Channel(
        "turnaround",
        TURNAROUND,
        "The measured intervals of each exam",
        "Compacted: the latest row of each exam. A pure function of the exam's events.",
        "exam_id",
        "fold",
    ),
    Channel(
        "alerts",
        ALERTS,
        "Intervals that miss their target, or are about to",
        "Compacted: the latest row of each alert, taken out 30 days after it was due or closed.",
        "alert_id",
        "alerts",
    ),
    Channel(
        "due",
        DUE,
        "What each exam has to reach next, and by when",
        "Compacted: of each exam's intervals under way that have a target the one that is due first; taken "
        "out when none is under way.",
        "exam_id",
        "alerts",
    ),
    Channel(
        "predictions",
        PREDICTIONS,
        "When the milestones of open exams are to be expected",
        "Compacted: the latest forecast of each milestone to come of each open exam; taken out when it has "
        "come, or will not. Not a function of the log alone: it depends on the model in use.",
        "prediction_id",
        "predictions",
    ),
    Channel(
        "targets",
        TARGETS,
        "How long what may take",
        "Every version of the targets, in the order in which they came into force, kept for ever.",
        "exam_id",
    ),
    Channel(
        "deadletters",
        DEADLETTERS,
        "What could not be processed",
        "Kept for ever, the payload sealed under the site's key, with the reason and what became of it.",
        "dead_letter_id",
        "every part that gives something up; `radstream deadletters`, what was driven again",
    ),
)
_CHANNEL_OF_VIEW = {
    "WorklistRow": "worklist",
    "TurnaroundRow": "turnaround",
    "AlertRow": "alerts",
    "DueRow": "due",
    "PredictionRow": "predictions",
}


def channel_of(avro_name: str) -> str:
    """Name of the channel of the record with this full name."""
    if avro_name.startswith(f"{EVENTS_NAMESPACE}."):
        return next(channel.name for channel in CHANNELS if channel.topic == topic_of(avro_name))
    return _CHANNEL_OF_VIEW.get(avro_name.rpartition(".")[2], "deadletters")


def messages_of(channel: Channel) -> list[str]:
    """Names of the records that the channel carries, without their namespace."""
    return [cls.__name__ for name, cls in CLASS_BY_NAME.items() if channel_of(name) == channel.name]


def channel_object(channel: Channel) -> dict[str, Any]:
    """As AsyncAPI 3.0 has it, with the Kafka binding."""
    return {
        "address": channel.topic,
        "title": channel.title,
        "description": channel.description,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages_of(channel)},
        "bindings": {
            "kafka": {
                "topic": channel.topic,
                "topicConfiguration": _configuration(channel.topic),
                "bindingVersion": BINDING,
            }
        },
    }


def _configuration(topic: str) -> dict[str, Any]:
    # The number of partitions is the site's to choose.
    config = next(spec.config for spec in topic_specs(1) if spec.name == topic)
    return {key: _typed(key, value) for key, value in config.items()}


def _typed(key: str, value: str) -> Any:
    if key == "cleanup.policy":
        return [value]
    if key.endswith((".ms", ".bytes")):
        return int(value)
    return float(value)
