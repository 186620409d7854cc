"""`radstream alerts`: what is about to miss its target, and what has."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from runtime.cli.output import Json, fail, print_json, print_table
from runtime.cli.settings_of import Data, running_installation
from runtime.topic_records import TopicUnreadable, topic_records
from schemas.errors import SchemaError
from schemas.registry import connect_codec
from schemas.topics import ALERTS
from schemas.views import AlertRow

app = typer.Typer(no_args_is_help=True, help="What is about to miss its target, and what has.")
_OPEN = ("warned", "breached")


@app.callback()
def _group() -> None:
    """Keeps `list` a word of its own."""


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


def _line(row: AlertRow) -> dict[str, Any]:
    about = (row.modality, row.priority, row.patient_class)
    return {
        "state": row.state,
        "due": f"{row.due_at:%m-%d %H:%M}",
        "interval": row.interval,
        "exam": row.accession_number or row.exam_id,
        "of": " ".join(name for name in about if name is not None),
    }
