"""`radstream check`: turnaround computed a second way, beside what the fold says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import clickhouse_connect.driver.exceptions
import typer

from runtime.cli.output import Json, console, fail, print_json, print_table
from runtime.cli.settings_of import Data, running_installation
from runtime.turnaround_check import compared
from sinks.clickhouse.checking.comparison import Difference, Said

_DIFFERENT = 1
_SHOWN = 20
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_Wait = Annotated[
    float, typer.Option("--wait", help="Seconds for the fold and the sink to come up to the log.")
]


def check(*, wait: _Wait = 10.0, data: Data = None, json: Json = False) -> None:
    """Make the intervals of every exam from its events in SQL, and compare them with v_turnaround.

    Exit code 1 where they differ after --wait seconds; the exams that do are named.
    """
    installation, _ = running_installation(data, as_json=json)
    try:
        found = compared(installation, wait)
    except clickhouse_connect.driver.exceptions.Error as error:
        fail(str(error), as_json=json, code=2)
    rows = [_row(difference) for difference in found.differences]
    if json:
        figures = {"exams": found.exams, "intervals": found.intervals, "equal": not rows}
        print_json({**figures, "differences": rows})
    elif rows:
        exams = len({row["exam_id"] for row in rows})
        print_table(f"{len(rows)} intervals of {exams} exams differ", rows[:_SHOWN])
        console.print("`radstream rebuild turnaround --check` says whether the fold has what the log has.")
    else:
        console.print(f"{found.intervals} intervals of {found.exams} exams: both ways the same.")
    if rows:
        raise typer.Exit(_DIFFERENT)


def _row(difference: Difference) -> dict[str, Any]:
    return {
        "exam_id": difference.exam_id,
        "interval": difference.interval,
        "of_events": _words(difference.of_events),
        "of_view": _words(difference.of_view),
    }


def _words(said: Said | None) -> str:
    if said is None:
        return "none"
    start, end = (_EPOCH + timedelta(microseconds=us) for us in (said.start_us, said.end_us))
    reason = f", {said.excluded_reason}" if said.excluded_reason else ""
    return f"{start.isoformat()} to {end.isoformat()}{reason}"
