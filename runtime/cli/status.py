"""`radstream status`: each part, its port, and how far it is behind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import typer

from producers.dicom.spool.room import measure
from runtime.cli.output import Json, console, print_json, print_table
from runtime.cli.settings_of import Data, read_settings, running_installation
from runtime.consumers import archive_rows, fold_rows, partition_rows, sink_rows
from runtime.health.groups import consumed_groups
from runtime.installation import Installation
from runtime.lag import CONSUMED, read_group_lag, read_lag
from runtime.object_archive import spool_directory
from runtime.stack.state import StackState, running_state

_NOT_RUNNING = 3  # LSB: program is not running
_REMARKS = (
    ("rejected", "messages that became dead letters"),
    ("unreadable", "states that could not be read (radstream rebuild)"),
    ("unknown_events", "events of a later version"),
    ("dead_letters", "messages that could become no rows"),
    ("errors", "inserts that failed and were made again"),
)


def status(*, data: Data = None, json: Json = False) -> None:
    """Show whether each part is up, on which port, and its lag. Exit code 3 if no stack runs."""
    place = Installation(read_settings(data)).data
    if running_state(place) is None:
        if json:
            print_json({"running": False, "data": str(place)})
        else:
            console.print(f"nothing runs on {place}")
        raise typer.Exit(_NOT_RUNNING)
    installation, state = running_installation(data, as_json=json)
    rows = part_rows(installation, state)
    names = [row["part"] for row in rows]
    folds, sinks = fold_rows(installation, names), sink_rows(installation, names)
    archives = archive_rows(installation, names)
    if json:
        said = {"fold": folds, "sink": sinks, "archive": archives}
        print_json(_document(installation, rows, said))
        return
    print_table(f"radstream on {place}", rows)
    for one in [*folds, *sinks]:
        _print_remarks(one)
    for one in archives:
        _print_gaps(one)
    console.print(f"dashboard: {installation.dashboard_url}")


def _document(
    installation: Installation, rows: Sequence[Mapping[str, Any]], said: Mapping[str, Any]
) -> dict[str, Any]:
    consumed = [row["part"] for row in rows if row["part"] in CONSUMED]
    return {
        "running": True,
        "data": str(installation.data),
        "parts": rows,
        "partitions": partition_rows(installation.kafka_bootstrap, consumed),
        **said,
        "endpoints": dict(installation.endpoints()),
    }


def _print_remarks(said: Mapping[str, Any]) -> None:
    """What went wrong in a part since its start; nothing where nothing did."""
    counted = [f"{said[name]} {label}" for name, label in _REMARKS if said.get(name)]
    mended = [*said.get("wiped", ()), *(f"partition {number} rebuilt" for number in said.get("rebuilt", ()))]
    if counted or mended:
        console.print(f"{said['part']}: {'; '.join([*counted, *mended])}", highlight=False, soft_wrap=True)


def _print_gaps(said: Mapping[str, Any]) -> None:
    """What the archive does not have and should; nothing where it has all."""
    lost = [f"lost before it was archived: {one}" for one in said.get("lost", ())]
    faults = [f"not archived: {place}: {why}" for place, why in said.get("faults", {}).items()]
    gaps = [f"offsets without a message: {one}" for one in said.get("gaps", ())]
    for one in [*lost, *gaps, *faults]:
        console.print(f"{said['part']}: {one}", highlight=False, soft_wrap=True, markup=False, style="red")


def part_rows(installation: Installation, state: StackState | None) -> list[dict[str, Any]]:
    """One row per part."""
    parts = state.parts if state is not None else {}
    return [
        {
            "part": name,
            "state": part.state,
            "pid": part.pid,
            "port": ", ".join(str(port) for port in part.ports.values()) or None,
            "lag": _lag(installation, name),
            "restarts": part.restarts,
        }
        for name, part in parts.items()
    ]


def _lag(installation: Installation, part: str) -> int | None:
    if part in CONSUMED:
        return read_lag(installation.kafka_bootstrap, part)
    if part == "dicom-archive":
        return measure(spool_directory(installation)).entries
    if part not in ("hl7-out", "dicom-out", "webhook", "audit-syslog"):
        return None
    groups = consumed_groups(installation)
    lags = [
        read_group_lag(installation.kafka_bootstrap, group, tuple(topics))
        for name, (group, topics) in groups.items()
        if name.startswith(f"{part} ")
    ]
    return sum(lag or 0 for lag in lags)
