"""Images in the object store that are older than a rule says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from minio.error import S3Error

from runtime.governance.session import Session
from runtime.objects import object_client
from runtime.retention.planned import Planned
from runtime.retention.rules import Rule
from sinks.clickhouse.retention import HeldRows

_STUDIES = """
SELECT study_instance_uid, object_key, recorded_at, size_bytes, NOT ({free}) FROM instances FINAL
WHERE {old} ORDER BY study_instance_uid
"""
_SELECTED = " AND exam_id IN (SELECT exam_id FROM worklist FINAL WHERE {of})"
_LOCKED = frozenset({"AccessDenied", "ObjectLocked", "InvalidRequest"})


def plan_images(session: Session, rule: Rule, held: HeldRows, now: datetime) -> tuple[Planned, list[str]]:
    """What would go, and the objects' names: those that the store still has. Raises what the stores raise."""
    planned = Planned(rule=rule, place=session.installation.settings.s3_bucket, before=rule.before(now))
    names: list[str] = []
    present: set[str] = set()
    study_of_present = ""
    for study, name, at, size, is_held in _rows(session, rule, held, planned.before):
        if study != study_of_present:
            present, study_of_present = _objects(session, study), study
        if name not in present:
            continue
        if is_held:
            planned.held += 1
            continue
        planned.see(at, size)
        names.append(name)
    return planned, names


def remove_images(session: Session, planned: Planned, names: list[str]) -> int:
    """How many the store let go; those that an object lock keeps are counted in `planned.locked`.

    Raises minio's and urllib3's errors.
    """
    client, bucket, gone = object_client(session.installation), planned.place, 0
    for name in names:
        try:
            client.remove_object(bucket, name)
            gone += 1
        except S3Error as error:
            if error.code not in _LOCKED:
                raise
            planned.locked += 1
    return gone


def _rows(
    session: Session, rule: Rule, held: HeldRows, before: datetime
) -> Iterator[tuple[str, str, datetime, int, bool]]:
    old = "recorded_at < parseDateTime64BestEffort({before:String}, 6, 'UTC') AND object_key != ''"
    if rule.selectors:
        old += _SELECTED.format(of=" AND ".join(f"{name} = {{{name}:String}}" for name in rule.selectors))
    sql = _STUDIES.format(free=held.condition("instances") or "1", old=old)
    asked = {**rule.selectors, "before": before.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")}
    for study, name, at, size, is_held in session.client.query(sql, parameters=asked).result_rows:
        yield str(study), str(name), at.replace(tzinfo=UTC), int(size), bool(is_held)


def _objects(session: Session, study: str) -> set[str]:
    client, bucket = object_client(session.installation), session.installation.settings.s3_bucket
    found = client.list_objects(bucket, prefix=f"studies/{study}/", recursive=True)
    return {str(one.object_name) for one in found}
