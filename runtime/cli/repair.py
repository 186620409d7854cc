"""`radstream repair`: restore what the archive lost, where somebody has the bytes that are signed."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress as Bar

from producers.publishing import PublishFailed
from runtime.cli.output import Json, console, errors, fail, print_json
from runtime.cli.progress_bar import bar_teller
from runtime.cli.settings_of import Data, running_installation
from runtime.governance.reading import envelope_of
from runtime.governance.session import wall_now
from runtime.installation import Installation
from runtime.repairing import Repair, Repaired, describe, repair_archive
from runtime.saying import publisher_of
from runtime.stack.errors import StackError
from schemas.errors import SchemaError
from schemas.events import ArchiveRepaired
from schemas.identity import pseudonym
from sinks.archive.errors import ArchiveError

_LEFT = 1


def repair(
    *,
    from_: Annotated[
        list[Path] | None,
        typer.Option("--from", help="Directory with a copy of the bucket: the objects by their names."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what could be restored.")] = False,
    data: Data = None,
    json: Json = False,
) -> None:
    """Verify the archive, and restore what is missing or altered.

    From earlier versions that the store kept, from the directories given, and from Kafka while it has the
    messages; only where the SHA-256 is the one that the archive's signed documents say. Exit code 1 where
    something stays broken.
    """
    installation, _ = running_installation(data, as_json=json)
    try:
        with Bar(console=errors, transient=True, disable=json) as bar:
            done = repair_archive(installation, from_ or [], bar_teller(bar), dry_run=dry_run)
        if done.repaired and not dry_run:
            _say(installation, done.repaired)
    except (ArchiveError, StackError, SchemaError, ValueError, OSError) as error:
        fail(str(error), as_json=json, code=2)
    except PublishFailed as error:
        fail(f"it is restored, but the log does not say so: {error}", as_json=json, code=2)
    _show(done, dry_run=dry_run, as_json=json)
    if done.left:
        raise typer.Exit(_LEFT)


def _show(done: Repair, *, dry_run: bool, as_json: bool) -> None:
    if as_json:
        restored = [
            {"name": one.name, "sha256": one.sha256, "found_in": one.found_in} for one in done.repaired
        ]
        print_json({"dry_run": dry_run, "repaired": restored, "left": describe(done.left)})
        return
    verb = "could be restored" if dry_run else "restored"
    lines = [f"{verb}: {one.name}, from {one.found_in}" for one in done.repaired]
    lines += [f"stays broken: {fault.name} ({fault.kind.value}): {why}" for fault, why in done.left]
    for line in lines or ["nothing to repair: the archive is intact"]:
        console.print(line, highlight=False, soft_wrap=True, markup=False)


def _say(installation: Installation, repaired: list[Repaired]) -> None:
    by = pseudonym(installation.secret_key("site_secret"), "operator", getpass.getuser())
    site, now = installation.settings.site, wall_now()
    events = [
        ArchiveRepaired(
            envelope=envelope_of(
                "archive-repaired",
                f"{one.name}/{now.isoformat()}",
                site=site,
                exam_id=f"archive|{site}",
                patient_key=None,
                now=now,
            ),
            object=one.name,
            sha256=one.sha256,
            found_in=one.found_in,
            repaired_by=by,
        )
        for one in repaired
    ]
    with publisher_of(installation, "radstream-repair") as publisher:
        publisher.publish(events)
