"""A generation beside the live tables, exam by exam and column by column, but for the versions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from clickhouse_connect.driver.client import Client

from sinks.clickhouse.generations.tables import TABLES_OF_TOPIC, name_in

_NOT_COMPARED = frozenset({"version", "is_deleted"})
_COLUMNS = """
SELECT name FROM system.columns WHERE database = currentDatabase() AND table = {table:String}
ORDER BY position
"""
# An exam may have many rows: their hashes are added up, modulo 2^64. RowBinary tells NULL from nothing.
_DIFFERING = """
SELECT exam_id, countIf(of_generation), countIf(NOT of_generation)
FROM (
    SELECT exam_id, false AS of_generation, sipHash64(formatRowNoNewline('RowBinary', {columns})) AS hash
    FROM {live} FINAL {only}
    UNION ALL
    SELECT exam_id, true, sipHash64(formatRowNoNewline('RowBinary', {columns})) FROM {made} FINAL
)
GROUP BY exam_id
HAVING sumIf(hash, of_generation) != sumIf(hash, NOT of_generation)
    OR countIf(of_generation) != countIf(NOT of_generation)
"""


@dataclass(slots=True)
class Differing:
    """Exams of which something live has other rows than the generation: differ, where both have some;
    missing, where only the generation has; surplus, where only the live one has.
    """

    differ: set[str] = field(default_factory=set)
    missing: set[str] = field(default_factory=set)
    surplus: set[str] = field(default_factory=set)

    def exams(self) -> set[str]:
        """All of them."""
        return self.differ | self.missing | self.surplus


def compare(client: Client, topic: str, number: int, *, only_its_exams: bool) -> dict[str, Differing]:
    """By live table, what differs. only_its_exams: what the generation does not have is nothing to tell of.

    Raises the driver's error.
    """
    return {
        table: _compare(client, table, number, only_its_exams=only_its_exams)
        for table in TABLES_OF_TOPIC[topic]
    }


def count(client: Client, topic: str, number: int) -> int:
    """How many exams the generation has of a view. Raises the driver's error."""
    table = name_in(TABLES_OF_TOPIC[topic][0], number)
    return int(client.query(f"SELECT count() FROM {table} FINAL").result_rows[0][0])  # noqa: S608 - ours


def fields(client: Client, topic: str, number: int, exams: Iterable[str]) -> Iterator[tuple[str, list[str]]]:
    """Each exam with the columns of the view's first table that differ, or with the intervals where these do.

    Raises the driver's error.
    """
    first, *others = TABLES_OF_TOPIC[topic]
    for exam in exams:
        live, made = _rows(client, first, exam), _rows(client, name_in(first, number), exam)
        if not live or not made:
            yield exam, ["not in the live table" if made else "only in the live table"]
            continue
        yield exam, [*_differing(live[0], made[0]), *_intervals(client, others, number, exam)]


def _compare(client: Client, table: str, number: int, *, only_its_exams: bool) -> Differing:
    made = name_in(table, number)
    names = client.query(_COLUMNS, parameters={"table": table}).result_rows
    columns = ", ".join(f"`{name}`" for (name,) in names if name not in _NOT_COMPARED)
    only = f"WHERE exam_id IN (SELECT exam_id FROM {made})" if only_its_exams else ""  # noqa: S608 - ours
    found = Differing()
    sql = _DIFFERING.format(columns=columns, live=table, made=made, only=only)
    for exam, in_made, in_live in client.query(sql).result_rows:
        kind = found.differ if in_made and in_live else found.missing if in_made else found.surplus
        kind.add(str(exam))
    return found


def _intervals(client: Client, tables: Sequence[str], number: int, exam: str) -> Iterator[str]:
    for table in tables:
        live, made = _rows(client, table, exam), _rows(client, name_in(table, number), exam)
        of_live, of_made = ({row["interval"]: row for row in rows} for rows in (live, made))
        for interval in sorted(of_live.keys() | of_made.keys()):
            if list(_differing(of_live.get(interval, {}), of_made.get(interval, {}))):
                yield f"{table}: {interval}"


def _differing(live: Mapping[str, Any], made: Mapping[str, Any]) -> Iterator[str]:
    for name in {**live, **made}:
        if name not in _NOT_COMPARED and live.get(name) != made.get(name):
            yield name


def _rows(client: Client, table: str, exam: str) -> list[dict[str, Any]]:
    sql = f"SELECT * FROM {table} FINAL WHERE exam_id = {{exam:String}}"  # noqa: S608 - the name is ours
    found = client.query(sql, parameters={"exam": exam})
    return [dict(zip(found.column_names, row, strict=True)) for row in found.result_rows]
