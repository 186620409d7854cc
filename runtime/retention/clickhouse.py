"""Rows of a table that are older than a rule says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from runtime.governance.session import Session
from runtime.retention.planned import Planned
from runtime.retention.rules import Rule
from sinks.clickhouse.cluster import on_cluster
from sinks.clickhouse.retention import AGED_BY, HeldRows

_FIGURES = """
SELECT count(), countIf(NOT ({free})), minIf({aged}, {free}),
    (SELECT sum(bytes_on_disk) / greatest(sum(rows), 1) FROM system.parts
     WHERE database = currentDatabase() AND table = {{table:String}} AND active)
FROM {table} WHERE {old}
"""
_OF_EXAMS = "exam_id IN (SELECT exam_id FROM worklist FINAL WHERE {of})"


def plan_rows(session: Session, rule: Rule, held: HeldRows, now: datetime) -> Planned:
    """Raises ClickHouse's own errors."""
    planned = Planned(rule=rule, place=rule.place, before=rule.before(now))
    free = held.condition(rule.place) or "1"
    sql = _FIGURES.format(free=free, aged=AGED_BY[rule.place], table=rule.place, old=_old(rule))
    asked = {**rule.selectors, "before": _instant(planned.before), "table": rule.place}
    count, kept, oldest, row_bytes = session.client.query(sql, parameters=asked).result_rows[0]
    planned.items, planned.held = int(count) - int(kept), int(kept)
    planned.bytes = int(planned.items * float(row_bytes or 0))
    planned.oldest = oldest.replace(tzinfo=UTC) if planned.items else None
    return planned


def remove_rows(session: Session, planned: Planned, held: HeldRows) -> int:
    """How many went. Raises ClickHouse's own errors; returns once every replica has done it."""
    rule = planned.rule
    conditions = [_old(rule), *filter(None, [held.condition(rule.place)])]
    statement = f"ALTER TABLE {rule.place} DELETE WHERE {' AND '.join(conditions)}"
    asked = {**rule.selectors, "before": _instant(planned.before)}
    session.client.command(
        on_cluster(statement, session.installation.settings.clickhouse_cluster),
        parameters=asked,
        settings={"mutations_sync": 2},
    )
    return planned.items


def _old(rule: Rule) -> str:
    return " AND ".join(_conditions(rule))


def _conditions(rule: Rule) -> Iterator[str]:
    yield f"{AGED_BY[rule.place]} < parseDateTime64BestEffort({{before:String}}, 6, 'UTC')"
    if rule.selectors:
        of = " AND ".join(f"{name} = {{{name}:String}}" for name in rule.selectors)
        yield _OF_EXAMS.format(of=of)


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
