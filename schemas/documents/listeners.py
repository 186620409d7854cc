"""Who listens to each topic, and to which of its events."""

from __future__ import annotations

from dataclasses import dataclass

from schemas.documents.mentions import named
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
)

# Where the fold's source names the events that are milestones: module and variable.
MILESTONES = ("processors/milestones.py", "MILESTONE_OF_STEP")


@dataclass(frozen=True, slots=True)
class Listener:
    """One part that consumes topics.

    operation: its name in the AsyncAPI document. group: its consumer group; empty where it commits nothing.
    takes: module and variable of its source that name the events it takes; empty where it takes all.
    """

    name: str
    operation: str
    topics: tuple[str, ...]
    group: str
    does: str
    takes: tuple[tuple[str, str], ...] = ()

    def hears(self, topic: str, event: str) -> bool:
        """Whether it takes the event called `event` from `topic`. Raises Undocumented."""
        return topic in self.topics and (
            not self.takes or any(event in named(*place) for place in self.takes)
        )


FOLD = Listener(
    "fold", "fold", (EVENTS,), "radstream.fold", "Keeps each exam's state, its worklist and turnaround row."
)
LISTENERS = (
    FOLD,
    Listener(
        "ClickHouse sink",
        "store",
        (
            *(EVENTS, INSTANCES, WORKLIST, TURNAROUND, ALERTS),
            *(PREDICTIONS, DEADLETTERS, AUDIT, GOVERNANCE, TARGETS),
        ),
        "radstream-clickhouse",
        "Inserts everything into ClickHouse.",
    ),
    Listener(
        "reconciler",
        "reconcile",
        (EVENTS, WORKLIST),
        "radstream.reconciler",
        "Ties studies, exams and patients together.",
        (("processors/reconciler/derived.py", "PATIENT_EVENTS"),),
    ),
    Listener(
        "HL7 out, where a destination asks for it",
        "deliver",
        (EVENTS,),
        "radstream-hl7-out-{destination}",
        "Tells other systems by HL7 v2; a group for each destination.",
        (("sinks/hl7/steps.py", "REPORT_STATUS"), ("sinks/hl7/steps.py", "ORDER_STATUS")),
    ),
    Listener(
        "DICOM out, where a destination asks for it",
        "send",
        (EVENTS, INSTANCES),
        "radstream-dicom-out-{destination}",
        "Sends studies to other application entities; a group for each destination.",
        (
            ("sinks/dicom/rules.py", "STORED"),
            ("sinks/dicom/rules.py", "AHEAD"),
            ("sinks/dicom/index.py", "INDEXED"),
        ),
    ),
    Listener(
        "alerts",
        "judge",
        (WORKLIST, PREDICTIONS, TARGETS, ALERTS, DUE),
        "",
        "Warns before an interval misses its target, and says when it has.",
    ),
    Listener(
        "predictions",
        "forecast",
        (WORKLIST, TARGETS, PREDICTIONS),
        "",
        "Forecasts the milestones that each open exam has yet to reach.",
    ),
    Listener(
        "webhooks, where a destination asks for it",
        "notify",
        (ALERTS,),
        "radstream-webhook-{destination}",
        "Tells other systems of alerts by signed HTTP requests; a group for each destination.",
    ),
    Listener(
        "audit repositories, where a destination asks for it",
        "report",
        (AUDIT,),
        "radstream-audit-syslog-{destination}",
        "Tells audit repositories of accesses: DICOM audit messages by syslog over TLS; a group for each.",
    ),
    Listener(
        "live board",
        "show",
        (WORKLIST, ALERTS, DUE),
        "",
        "Shows each exam as it stands, what is due next of it, and open alerts.",
    ),
    Listener("modality worklist", "answer", (WORKLIST,), "", "Answers scanners what they have still to do."),
)


def listeners_of_event(avro_name: str) -> tuple[str, ...]:
    """Who takes the event of this full name. Raises Undocumented."""
    topic, event = topic_of(avro_name), avro_name.rpartition(".")[2]
    found = [listener.name for listener in LISTENERS if listener.hears(topic, event)]
    if FOLD.name in found and event in named(*MILESTONES):
        found[found.index(FOLD.name)] = f"{FOLD.name}, as a milestone of the exam"
    return tuple(found)
