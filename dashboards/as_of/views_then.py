"""ClickHouse's views as they were at an instant: texts that stand in the place of their names. Pure.

Of most exams nothing was said since: their rows are what they were. The others were folded, and stand in the
question itself, in base64, so that no value of theirs is ever read as SQL.
"""
# ruff: noqa: S608 - every text is made from our own constants, names of columns, and base64

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import orjson

from dashboards.analytics import Row
from dashboards.as_of import sql
from dashboards.as_of.instant import Sense

DESCRIBED = ("v_exams", "v_turnaround")
"""The views whose columns have to be known."""
# Lists of what can be chosen, of all times; whether a rollup is there at all.
_KEPT = frozenset({"worklist", "turnaround_counts"})
_TABLE = re.compile(r"\b(FROM|JOIN)\s+(\w+)")
_DIGEST = "quantilesTDigestState(0.25, 0.5, 0.75, 0.9, 0.95)(took_s)"
_GROUP = "modality, priority, patient_class, site"
_COUNTS = """countIf(excluded_reason = '') AS exams, countIf(excluded_reason != '') AS excluded,
       sum(ifNull(took_s, 0)) AS seconds_sum"""


class NoSuchPast(Exception):
    """A question asks a table of which nothing is told of the past: a mistake of ours."""


@dataclass(frozen=True, slots=True)
class Folded:
    """The rows of the exams that were folded, by the view that they stand in, and that view's columns."""

    columns: Mapping[str, Sequence[tuple[str, str]]]
    rows: Mapping[str, Sequence[Row]]

    def table(self, view: str) -> str:
        """The rows as a table function."""
        names = {name for name, _ in self.columns[view]}
        lines = (orjson.dumps(_plain(row, names)) for row in self.rows[view])
        structure = ", ".join(f"`{name}` {kind}" for name, kind in self.columns[view]).replace("'", "\\'")
        data = base64.b64encode(b"\n".join(lines)).decode()
        return f"format(JSONEachRow, '{structure}', base64Decode('{data}'))"


def at_instant(text: str, sense: Sense, folded: Folded) -> str:
    """The question `text`, with each view as it was. Raises NoSuchPast."""
    views = _views(sense)
    needed: set[str] = set()

    def then(found: re.Match[str]) -> str:
        word, table = found.groups()
        if table in _KEPT:
            return found.group()
        if table not in views:
            raise NoSuchPast(table)
        needed.add(table)
        return f"{word} {table}_then"

    asked = _TABLE.sub(then, text)
    told = [f"{table}_then AS ({views[table]})" for table in _in_order(needed)]
    made = asked if not told else f"WITH {', '.join(told)} {asked.lstrip()}"
    for view in DESCRIBED:
        made = made.replace(_place(view), folded.table(view))
    return made


def _views(sense: Sense) -> Mapping[str, str]:
    unchanged = f"exam_id NOT IN ({sql.changed_since(sense)})"
    known = {
        view: f"SELECT * FROM {view} WHERE {unchanged} UNION ALL SELECT * FROM {_place(view)}"
        for view in DESCRIBED
    }
    delivered = "recorded_at <= {until:DateTime64(6, 'UTC')}"
    return {
        **known,
        "turnaround": known["v_turnaround"],
        "v_turnaround_excluded": """
SELECT exam_id, interval, excluded_reason AS reason, start_at, end_at FROM v_turnaround_then
WHERE excluded_reason != ''""",
        "v_turnaround_hourly": f"""
SELECT interval, toStartOfHour(end_at) AS hour, {_GROUP}, {_COUNTS}, {_DIGEST} AS digest
FROM (SELECT * EXCEPT (seconds), seconds AS took_s FROM v_turnaround_then)
GROUP BY interval, hour, {_GROUP}""",
        "v_turnaround_daily": f"""
SELECT {{zone:String}} AS zone, interval, toDate(local) AS day, {_GROUP}, {_COUNTS},
       groupArrayIf(toFloat32(assumeNotNull(took_s)), excluded_reason = '') AS seconds,
       groupArrayIf(toUInt8(toHour(local)), excluded_reason = '') AS hours_of_day
FROM (SELECT * EXCEPT (seconds), seconds AS took_s, toTimeZone(end_at, {{zone:String}}) AS local
      FROM v_turnaround_then)
GROUP BY interval, day, {_GROUP}""",
        "v_events": f"SELECT * FROM v_events WHERE {sql.until(sense)}",
        "v_instances": f"SELECT * FROM v_instances WHERE {sql.until(sense)}",
        # That something came again happened when it came.
        "deliveries": f"SELECT * FROM deliveries WHERE {delivered}",
        "v_deliveries": """
SELECT exam_id, event_id, uniqExact(kafka_partition, kafka_offset) AS deliveries,
       min(d.recorded_at) AS first_recorded_at, max(d.recorded_at) AS last_recorded_at
FROM deliveries_then AS d GROUP BY exam_id, event_id""",
    }


_MADE_FROM = {
    "v_turnaround_excluded": "v_turnaround",
    "v_turnaround_hourly": "v_turnaround",
    "v_turnaround_daily": "v_turnaround",
    "v_deliveries": "deliveries",
}


def _in_order(needed: Iterable[str]) -> list[str]:
    """Each view after what it is made from."""
    found = list(needed)
    first = {_MADE_FROM[name] for name in found if name in _MADE_FROM}
    return sorted(first) + sorted(set(found) - first)


def _place(view: str) -> str:
    return f"folded_{view}"


def _plain(row: Row, names: Iterable[str]) -> dict[str, object]:
    """As ClickHouse reads it; what is missing has the column's default."""
    return {name: _written(row[name]) for name in names if row.get(name) is not None}


def _written(value: object) -> object:
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}"
    return value
