"""`radstream timeline EXAM`: what happened to one exam, in order."""

from __future__ import annotations

from typing import Annotated, Any

import clickhouse_connect.driver.exceptions
import typer

from runtime.accesses import why_not_said
from runtime.analytics import analytics_client
from runtime.cli.output import Json, errors, fail, print_json, print_table
from runtime.cli.settings_of import Data, running_installation
from runtime.installation import Installation
from schemas.audit_codes import PATIENT_RECORD

_QUERY = """
SELECT exam_id, occurred_at, recorded_at, event_type AS event, swim_code,
       source_system, source_protocol, source_message_id, toString(event_id) AS event_id
FROM events FINAL
WHERE exam_id IN (SELECT exam_id FROM worklist FINAL
                  WHERE exam_id = {exam:String} OR accession_number = {exam:String})
ORDER BY occurred_at, event_id
"""


def timeline(
    exam: Annotated[str, typer.Argument(help="Accession number, or exam id (issuer|accession).")],
    *,
    data: Data = None,
    json: Json = False,
) -> None:
    """Show every event of an exam, in the order in which they happened."""
    installation, _ = running_installation(data, as_json=json)
    events = exam_events(installation, exam, as_json=json)
    if not events:
        fail(
            f"no exam {exam!r} is known: the dashboard lists those that are",
            as_json=json,
        )
    why_not = why_not_said(
        installation, PATIENT_RECORD, "timeline", by="timeline", exam_id=str(events[0]["exam_id"])
    )
    if why_not is not None:
        errors.print(why_not, markup=False, highlight=False)
    if json:
        print_json({"exam": exam, "events": events})
        return
    print_table(
        f"Exam {exam}",
        [{**row, "occurred_at": f"{row['occurred_at']:%Y-%m-%d %H:%M:%S}"} for row in map(_shown, events)],
    )


def exam_events(installation: Installation, exam: str, *, as_json: bool) -> list[dict[str, Any]]:
    """The exam's events from ClickHouse."""
    client = analytics_client(installation)
    try:
        return list(client.query(_QUERY, parameters={"exam": exam}).named_results())
    except clickhouse_connect.driver.exceptions.ClickHouseError as error:
        fail(f"ClickHouse at {installation.clickhouse_url}: {error}", as_json=as_json)


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    names = ("occurred_at", "event", "swim_code", "source_system", "source_protocol", "source_message_id")
    return {name: row[name] for name in names}
