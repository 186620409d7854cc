"""Which table takes the records of which topic."""

from __future__ import annotations

from collections.abc import Mapping

from schemas import topics
from sinks.clickhouse.table import Table, to_arrow
from sinks.clickhouse.tables.events import EVENTS, INSTANCES, event_payload
from sinks.clickhouse.tables.notices import ALERTS, DEADLETTERS, PREDICTIONS, RESOLUTIONS
from sinks.clickhouse.tables.views import TURNAROUND, WORKLIST

__all__ = [
    "ALERTS",
    "DEADLETTERS",
    "EVENTS",
    "FORGETFUL_TOPICS",
    "INSTANCES",
    "PREDICTIONS",
    "REMOVING_TOPICS",
    "RESOLUTIONS",
    "TABLE_BY_TOPIC",
    "TURNAROUND",
    "WORKLIST",
    "Table",
    "event_payload",
    "tables_of",
    "to_arrow",
]

TABLE_BY_TOPIC: Mapping[str, Table] = {
    topics.EVENTS: EVENTS,
    topics.AUDIT: EVENTS,
    topics.GOVERNANCE: EVENTS,
    topics.TARGETS: EVENTS,
    topics.INSTANCES: INSTANCES,
    topics.WORKLIST: WORKLIST,
    topics.TURNAROUND: TURNAROUND,
    topics.ALERTS: ALERTS,
    topics.PREDICTIONS: PREDICTIONS,
    topics.DEADLETTERS: DEADLETTERS,
}
# A second table, where a topic holds two kinds of records.
_SECOND_TABLE: Mapping[str, Table] = {topics.DEADLETTERS: RESOLUTIONS}

# Where a tombstone says that Kafka may forget: the table keeps what happened.
FORGETFUL_TOPICS = frozenset({topics.ALERTS, topics.PREDICTIONS})
# Where it says that there is no such exam: a rebuild found nothing of it in the log.
REMOVING_TOPICS = frozenset({topics.WORKLIST, topics.TURNAROUND})


def tables_of(topic: str) -> tuple[Table, ...]:
    """The tables that take the records of `topic`, each another kind."""
    second = _SECOND_TABLE.get(topic)
    return (TABLE_BY_TOPIC[topic],) if second is None else (TABLE_BY_TOPIC[topic], second)
