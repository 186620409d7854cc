"""From command line and environment to the settings of a running or a coming installation."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from runtime.cli.output import fail
from runtime.installation import Installation
from runtime.settings import Settings
from runtime.stack.state import StackState, running_state

Data = Annotated[
    Path | None,
    typer.Option("--data", help="Data directory of the local stack (else RADSTREAM_DATA, else your home)."),
]


def read_settings(data: Path | None, **overrides: Any) -> Settings:
    """The settings of the environment, with what the command line says over them."""
    given = {name: value for name, value in overrides.items() if value is not None}
    if data is not None:
        given["data"] = data
    try:
        return Settings(**given)
    except ValidationError as error:
        first = error.errors()[0]
        name = "_".join(str(part) for part in first["loc"]).upper()
        fail(f"setting RADSTREAM_{name}: {first['msg']}, got {first['input']!r}")


def running_installation(data: Path | None, *, as_json: bool) -> tuple[Installation, StackState | None]:
    """The installation to talk to: the stack that runs on the data directory, else the external one.

    Leaves with an error where neither is there.
    """
    settings = read_settings(data)
    state = running_state(Installation(settings).data)
    if state is not None:
        return Installation(_settings_of(settings, state)), state
    if settings.kafka_bootstrap is None:
        fail(
            f"no stack runs on {Installation(settings).data}: start one with `radstream up`, "
            "or name another with --data",
            as_json=as_json,
        )
    return Installation(settings), None


def _settings_of(settings: Settings, state: StackState) -> Settings:
    """`settings` with the addresses that the running stack published."""
    ends = state.endpoints
    host, _, hl7_port = ends["hl7"].rpartition(":")
    update: dict[str, Any] = {
        "kafka_bootstrap": ends["kafka"],
        "registry_url": ends["registry"],
        "clickhouse_url": ends["clickhouse"],
        "s3_endpoint": ends["object_store"],
        "host": host,
        "hl7_port": int(hl7_port),
        "dicom_port": int(ends["dicom"].rpartition(":")[2]),
        "dashboard_port": int(ends["dashboard"].rpartition(":")[2]),
        "clock": ends.get("clock") or None,
    }
    return settings.model_copy(update=update)
