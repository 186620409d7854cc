"""`radstream alerts`: what is about to miss its target, and what has."""

from __future__ import annotations

from contextlib import closing
from typing import Annotated, Any

import typer
from clickhouse_connect.driver.exceptions import ClickHouseError
from urllib3.exceptions import HTTPError

from dashboards.forecast.raised import DAYS, RAISED, asked, raised
from runtime.analytics import analytics_client
from runtime.cli.output import Json, console, fail, print_json, print_table
from runtime.cli.settings_of import Data, running_installation
from runtime.topic_records import TopicUnreadable, topic_records
from schemas.errors import SchemaError
from schemas.registry import connect_codec
from schemas.topics import ALERTS
from schemas.views import AlertRow

app = typer.Typer(no_args_is_help=True, help="What is about to miss its target, and what has.")
_OPEN = ("warned", "breached")


@app.command(name="list")
def list_alerts(
    *,
    everything: Annotated[bool, typer.Option("--all", help="Also those that are closed.")] = False,
    data: Data = None,
    json: Json = False,
) -> None:
    """Show the open alerts, the earliest due first."""
    installation, _ = running_installation(data, as_json=json)
    found: dict[bytes, AlertRow] = {}
    try:
        codec = connect_codec(installation.registry_url)
        for key, row in topic_records(installation.kafka_bootstrap, codec, ALERTS):
            found.pop(key, None)
            if isinstance(row, AlertRow):
                found[key] = row
    except (SchemaError, TopicUnreadable) as error:
        fail(str(error), as_json=json)
    rows = [row for row in found.values() if everything or row.state in _OPEN]
    rows.sort(key=lambda row: (row.due_at, row.alert_id))
    if json:
        print_json({"alerts": [row.to_record() for row in rows]})
    else:
        print_table(f"{len(rows)} alerts", [_line(row) for row in rows])


@app.command()
def record(
    *,
    days: Annotated[int, typer.Option(min=1, max=366, help="Of so many days.")] = DAYS,
    data: Data = None,
    json: Json = False,
) -> None:
    """What warnings were worth: how many came true, how early, and which breaches none told of."""
    installation, _ = running_installation(data, as_json=json)
    try:
        with closing(analytics_client(installation)) as client:
            found = client.query(RAISED, parameters=asked(installation.now()(), days))
            (row,) = found.named_results()
    except (ClickHouseError, HTTPError, OSError) as error:
        fail(f"ClickHouse gives no answer: {type(error).__name__}. See `radstream status`", as_json=json)
    told = raised(row, days)
    if json:
        print_json(told)
        return
    console.print(told["says"], highlight=False, soft_wrap=True)
    if told["by_forecast"]:
        said = f"Raised by a forecast: {told['by_forecast']}, of which {told['by_forecast_true']} came true."
        console.print(said, highlight=False)


def _line(row: AlertRow) -> dict[str, Any]:
    about = (row.modality, row.priority, row.patient_class)
    return {
        "state": row.state,
        "due": f"{row.due_at:%m-%d %H:%M}",
        "interval": row.interval,
        "exam": row.accession_number or row.exam_id,
        "of": " ".join(name for name in about if name is not None),
    }
