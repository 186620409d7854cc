"""A comment for every column of every view: that of the table's column which it shows.

A view does not take over the comments of what it reads, and is made anew by many migrations: so it is done
after them, at every start, where one is missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from clickhouse_connect.driver.client import Client

from sinks.clickhouse.cluster import on_cluster

# By view the tables whose columns it shows, the first that has one of the name.
_SHOWS: Mapping[str, Sequence[str]] = {
    "v_alerts": ("alerts",),
    "v_deadletters": ("deadletters", "deadletter_resolutions"),
    "v_deliveries": ("deliveries",),
    "v_events": ("events",),
    "v_exams": ("worklist",),
    "v_instances": ("instances",),
    "v_intervals": ("interval_definitions",),
    "v_predictions": ("predictions",),
    "v_predictions_made": ("predictions",),
    "v_sites": ("site_definitions",),
    "v_turnaround": ("turnaround",),
    "v_turnaround_excluded": ("turnaround", "turnaround_exams"),
    "v_turnaround_daily": ("turnaround_daily",),
    "v_turnaround_hourly": ("turnaround_hourly",),
    "v_worklist": ("worklist",),
}
# What no table has, or a view shows otherwise.
_OWN: Mapping[tuple[str, str], str] = {
    ("v_deliveries", "deliveries"): "How often the event came",
    ("v_deliveries", "first_recorded_at"): "When its first copy was recorded",
    ("v_deliveries", "last_recorded_at"): "When its last copy was recorded",
    ("v_turnaround", "seconds"): "End minus start in seconds; NULL where excluded_reason says why not",
    ("v_turnaround", "minutes"): "The same in minutes",
    ("v_turnaround_excluded", "reason"): "Why it is not measured: end_before_start or clock_fault",
    ("v_targets", "interval"): "Name of the interval, as in docs/intervals.md",
    ("v_targets", "place"): "Its place: of each interval the first target that fits an exam counts",
    ("v_targets", "modality"): "Of exams with this modality, empty: of all",
    ("v_targets", "priority"): "Of exams with this priority, empty: of all",
    ("v_targets", "patient_class"): "Of patients of this class, empty: of all",
    ("v_targets", "site"): "Of exams of this site, empty: of all",
    ("v_targets", "due_s"): "How long the interval may take, seconds",
    ("v_targets", "warn_before_s"): "How long before it is due there is a warning, seconds",
    ("v_targets", "in_force_at"): "From when on it is in force",
    ("v_targets", "targets_sha256"): "Version of the targets",
}


def comment_views(client: Client, cluster: str | None) -> None:
    """Comment what has none. Raises the driver's error."""
    sql = "SELECT table, name, comment FROM system.columns WHERE database = currentDatabase()"
    rows = client.query(sql).result_rows
    known = {(str(table), str(name)): str(comment) for table, name, comment in rows}
    for statement in comment_statements(known):
        client.command(on_cluster(statement, cluster))


def comment_statements(known: Mapping[tuple[str, str], str]) -> Iterator[str]:
    """One statement for each view with a column that has no comment; `known`: comment by table and column."""
    missing: dict[str, list[str]] = {}
    for (table, name), comment in known.items():
        text = "" if comment else _comment(known, table, name)
        if text:
            missing.setdefault(table, []).append(f"MODIFY COLUMN `{name}` COMMENT {_quoted(text)}")
    for view, changes in missing.items():
        yield f"ALTER TABLE {view} {', '.join(changes)}"


def _comment(known: Mapping[tuple[str, str], str], view: str, name: str) -> str:
    own = _OWN.get((view, name), "")
    return own or next(filter(None, (known.get((table, name)) for table in _SHOWS.get(view, ()))), "")


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
