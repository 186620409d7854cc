"""`radstream targets`: how long what may take, checked before it comes into force, and shown as it is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from processors.alerts.targets import SELECTORS, content_hash
from runtime.cli.output import Json, console, fail, print_json, print_table
from runtime.cli.settings_of import Data, running_installation
from runtime.targets import TargetsUnusable, read_targets, targets_file
from runtime.topic_records import TopicUnreadable, topic_records
from schemas.errors import SchemaError
from schemas.events import TargetsPublished
from schemas.parts import Target
from schemas.registry import connect_codec
from schemas.topics import TARGETS

app = typer.Typer(no_args_is_help=True, help="How long which interval may take: check a file, show.")


@app.command()
def check(file: Annotated[Path, typer.Argument(help="TOML file of targets.")], *, json: Json = False) -> None:
    """Say whether FILE would do as RADSTREAM_TARGETS, and what it says. Exit code 1 where it would not."""
    try:
        targets = read_targets(file)
    except TargetsUnusable as error:
        fail(str(error), as_json=json)
    digest = content_hash(targets)
    if json:
        print_json({"valid": True, "targets_sha256": digest, "targets": [_row(target) for target in targets]})
        return
    _print(f"{len(targets)} targets, version {digest[:12]}", targets)


@app.command()
def show(*, data: Data = None, json: Json = False) -> None:
    """Show the targets in force, since when, and the file that they are taken from."""
    installation, _ = running_installation(data, as_json=json)
    try:
        codec = connect_codec(installation.registry_url)
        read = topic_records(installation.kafka_bootstrap, codec, TARGETS)
        versions = [event for _, event in read if isinstance(event, TargetsPublished)]
    except (SchemaError, TopicUnreadable) as error:
        fail(str(error), as_json=json)
    if not versions:
        fail("no targets are in force yet: the alerts publish them when they start", as_json=json)
    latest, file = versions[-1], targets_file(installation)
    if json:
        told = [_version(event) for event in versions]
        rows = [_row(target) for target in latest.targets]
        print_json({**_version(latest), "file": str(file), "targets": rows, "versions": told})
        return
    since = f"{latest.envelope.occurred_at:%Y-%m-%d %H:%M:%S}"
    _print(f"Targets since {since} UTC, version {latest.targets_sha256[:12]}", latest.targets)
    console.print(f"{len(versions)} versions so far; from {file}", highlight=False, soft_wrap=True)


def _version(event: TargetsPublished) -> dict[str, Any]:
    envelope = event.envelope
    return {
        "targets_sha256": event.targets_sha256,
        "in_force_at": envelope.occurred_at,
        "event_id": envelope.event_id,
    }


def _row(target: Target) -> dict[str, Any]:
    return {
        "interval": target.interval,
        **{name: getattr(target, name) for name in SELECTORS},
        "due_min": target.due_s / 60,
        "warn_before_min": target.warn_before_s / 60,
        "warn_by": target.warn_by,
        "warn_probability": target.warn_probability,
        "warn_until_probability": target.warn_until_probability,
        "warn_for_min": None if target.warn_for_s is None else target.warn_for_s / 60,
    }


def _print(title: str, targets: Sequence[Target]) -> None:
    print_table(title, [_line(target) for target in targets])


def _line(target: Target) -> dict[str, Any]:
    chosen = [value for name in SELECTORS if (value := getattr(target, name)) is not None]
    return {
        "interval": target.interval,
        "of": " ".join(chosen) or "all others",
        "due_min": f"{target.due_s / 60:g}",
        "warn_before_min": f"{target.warn_before_s / 60:g}",
        "warn_at": "clock" if target.warn_probability is None else f"{target.warn_probability:.0%}",
    }
