"""After an exchange: the hours of the exams whose intervals changed are counted anew by the sink."""

from __future__ import annotations

from clickhouse_connect.driver.client import Client

from sinks.clickhouse.generations.tables import name_in

# What is now live, and what was: both hours of an interval that moved are to be counted.
_TOUCH = """
INSERT INTO turnaround_hours (exam_id, hour, touched_at)
SELECT DISTINCT exam_id, toStartOfHour(end_at), now64(6, 'UTC') FROM (
    SELECT exam_id, end_at FROM turnaround FINAL
    UNION ALL
    SELECT exam_id, end_at FROM {before} FINAL
)
WHERE exam_id IN (SELECT arrayJoin({{exams:Array(String)}}))
"""
_AT_ONCE = 5_000


def touch_hours(client: Client, number: int, exams: set[str]) -> None:
    """Have the hours of these exams counted, as they were and as they are. Raises the driver's error."""
    sql, in_order = _TOUCH.format(before=name_in("turnaround", number)), sorted(exams)
    for first in range(0, len(in_order), _AT_ONCE):
        client.command(sql, parameters={"exams": in_order[first : first + _AT_ONCE]})
