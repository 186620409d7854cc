"""`radstream deadletters`: what could not be processed, why, and once more after it was mended."""

from __future__ import annotations

import base64
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from producers.publishing import PublishFailed
from runtime.accesses import say_access
from runtime.cli.deadletters_choosing import (
    chosen_letters,
    letter_line,
    letter_row,
    one_letter,
    said_plainly,
    since_instant,
)
from runtime.cli.deadletters_driving import Asked, drive
from runtime.cli.output import Json, console, fail, print_json, print_table
from runtime.cli.settings_of import Data, running_installation
from runtime.dead_letters.reading import KeptLetter, Wanted
from runtime.dead_letters.retrying import Retrying
from runtime.installation import Installation
from schemas.audit_codes import EXPORT
from schemas.codec import Codec
from schemas.registry import connect_codec
from schemas.sealed_letters import HL7, ORIGINS

app = typer.Typer(no_args_is_help=True, help="What could not be processed: list, show, drive again, dismiss.")

Origin = Annotated[str | None, typer.Option(help=f"Who gave up: {', '.join(ORIGINS)}.")]
LetterId = Annotated[str | None, typer.Argument(metavar="ID", help="The letter's id, or its beginning.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only show which ones.")]
Reason = Annotated[str | None, typer.Option(help="Class of the error, as `list` shows it.")]


@app.command(name="list")
def list_letters(
    *,
    origin: Origin = None,
    reason: Reason = None,
    since: Annotated[str | None, typer.Option(help="30m, 24h, 7d, or an ISO 8601 time.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="The latest so many.")] = 50,
    resolved: Annotated[bool, typer.Option("--resolved", help="Also those that were taken since.")] = False,
    data: Data = None,
    json: Json = False,
) -> None:
    """Show the dead letters that are still open, the latest first."""
    installation, _ = running_installation(data, as_json=json)
    wanted = Wanted(
        origin=origin,
        reason=reason,
        since=since_instant(since, installation, as_json=json),
        with_resolved=resolved,
    )
    with said_plainly(as_json=json):
        letters = chosen_letters(installation, connect_codec(installation.registry_url), wanted)
    rows = [letter_row(kept) for kept in letters[:limit]]
    if json:
        print_json({"total": len(letters), "letters": rows})
    else:
        print_table(f"{len(letters)} dead letters", [letter_line(row) for row in rows])


@app.command()
def show(
    letter_id: Annotated[str, typer.Argument(metavar="ID", help="The letter's id, or its beginning.")],
    *,
    payload: Annotated[
        bool, typer.Option("--payload", help="Open what was sealed: it names patients.")
    ] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the payload to this file, mode 0600.")
    ] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Show one dead letter; its payload, which is protected health information, only with --payload."""
    if output is not None and not payload:
        fail("-o writes the payload: add --payload", as_json=json)
    installation, _ = running_installation(data, as_json=json)
    with said_plainly(as_json=json):
        codec = connect_codec(installation.registry_url)
        kept = one_letter(installation, codec, letter_id, as_json=json)
        content = _payload(installation, codec, kept, as_json=json) if payload else None
    document = letter_row(kept)
    if content is not None and output is not None:
        _write_private(output, content, as_json=json)
        document["payload_file"] = str(output)
    elif content is not None and json:
        document["payload_base64"] = base64.b64encode(content).decode("ascii")
    if json:
        print_json(document)
        return
    print_table(kept.letter.dead_letter_id, [{"field": k, "value": v} for k, v in document.items()])
    if content is not None and output is None:
        _print_payload(kept, content)


@app.command()
def retry(
    letter_id: LetterId = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Every open letter, the oldest first.")] = False,
    origin: Origin = None,
    reason: Reason = None,
    dry_run: DryRun = False,
    by: Annotated[str | None, typer.Option(help="Who asks for it; the log has a pseudonym of it.")] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Drive dead letters again: to the listener, the topic or the destination that they were meant for.

    Exit code 1 where one of them is still not taken.
    """
    wanted = Wanted(origin=origin, reason=reason)
    asked = Asked(letter_id, everything, wanted, dry_run, by, Retrying.retry)
    _end(drive(asked, data, as_json=json), dry_run=dry_run, as_json=json)


@app.command()
def dismiss(
    letter_id: LetterId = None,
    *,
    by: Annotated[str, typer.Option(help="Who dismisses it; the log has a pseudonym of it.")],
    everything: Annotated[bool, typer.Option("--all", help="Every open letter, the oldest first.")] = False,
    origin: Origin = None,
    reason: Reason = None,
    dry_run: DryRun = False,
    data: Data = None,
    json: Json = False,
) -> None:
    """Close dead letters that nobody will drive again; they stay in their topic, and `retry ID` still can."""
    wanted = Wanted(origin=origin, reason=reason)
    asked = Asked(letter_id, everything, wanted, dry_run, by, Retrying.dismiss)
    _end(drive(asked, data, as_json=json), dry_run=dry_run, as_json=json)


def _end(rows: list[dict[str, Any]], *, dry_run: bool, as_json: bool) -> None:
    if as_json:
        print_json({"dry_run": dry_run, "letters": rows})
    else:
        print_table(f"{len(rows)} dead letters", rows)
    if not dry_run and not all(row["taken"] for row in rows):
        raise typer.Exit(1)


def _payload(installation: Installation, codec: Codec, kept: KeptLetter, *, as_json: bool) -> bytes:
    what = f"dead letter {kept.letter.dead_letter_id}"
    try:
        say_access(installation, EXPORT, what, by="deadletters")
    except PublishFailed as error:
        fail(f"the payload is not shown, since the log cannot say so: {error}", as_json=as_json)
    with Retrying(installation, codec) as retrying:
        return retrying.payload(kept)


def _print_payload(kept: KeptLetter, content: bytes) -> None:
    if kept.letter.origin != HL7:
        console.print(f"{len(content)} bytes of {kept.letter.content_type}: -o FILE writes them")
        return
    # ER7 ends its segments with CR, which a terminal does not show as lines.
    text = content.decode("utf-8", "backslashreplace").replace("\r\n", "\n").replace("\r", "\n")
    sys.stdout.write(text.rstrip("\n") + "\n")


def _write_private(path: Path, content: bytes, *, as_json: bool) -> None:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
    except OSError as error:
        fail(f"{path}: {error.strerror}: name a file that does not exist yet", as_json=as_json)
