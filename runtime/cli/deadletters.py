"""`radstream deadletters`: what could not be processed, why, and once more after it was mended."""

from __future__ import annotations

import base64
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from runtime.cli.output import Json, console, fail, print_json, print_table
from runtime.cli.settings_of import Data, running_installation
from runtime.dead_letters.outcome import CannotRetry, Outcome
from runtime.dead_letters.reading import KeptLetter, LettersUnreadable, Wanted, read_letters
from runtime.dead_letters.retrying import Retrying
from runtime.installation import Installation
from runtime.stack.errors import StackError
from schemas.codec import Codec
from schemas.errors import SchemaError
from schemas.registry import connect_codec
from schemas.sealed_letters import HL7, ORIGINS, is_whole

app = typer.Typer(no_args_is_help=True, help="What could not be processed: list, show, drive again.")

Origin = Annotated[str | None, typer.Option(help=f"Who gave up: {', '.join(ORIGINS)}.")]
Reason = Annotated[str | None, typer.Option(help="Class of the error, as `list` shows it.")]
_AGO = re.compile(r"(\d+)([mhd])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_FEWEST_ID_CHARACTERS = 4


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
        since=_instant(since, installation, as_json=json),
        with_resolved=resolved,
    )
    with _said_plainly(as_json=json):
        letters = _chosen(installation, connect_codec(installation.registry_url), wanted)
    rows = [_row(kept) for kept in letters[:limit]]
    if json:
        print_json({"total": len(letters), "letters": rows})
    else:
        print_table(f"{len(letters)} dead letters", [_line(row) for row in rows])


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
    with _said_plainly(as_json=json):
        codec = connect_codec(installation.registry_url)
        kept = _one(installation, codec, letter_id, as_json=json)
        content = _payload(installation, codec, kept) if payload else None
    document = _row(kept)
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
    letter_id: Annotated[
        str | None, typer.Argument(metavar="ID", help="The letter's id, or its beginning.")
    ] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Every open letter, the oldest first.")] = False,
    origin: Origin = None,
    reason: Reason = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show which ones.")] = False,
    data: Data = None,
    json: Json = False,
) -> None:
    """Drive dead letters again: to the listener, the topic or the destination that they were meant for.

    Exit code 1 where one of them is still not taken.
    """
    if (letter_id is None) != everything:
        fail("name one letter, or say --all (with --origin and --reason to choose)", as_json=json)
    installation, _ = running_installation(data, as_json=json)
    with _said_plainly(as_json=json):
        codec = connect_codec(installation.registry_url)
        if letter_id is not None:
            letters = [_one(installation, codec, letter_id, as_json=json)]
        else:
            letters = _chosen(installation, codec, Wanted(origin=origin, reason=reason))[::-1]
        rows = [_line(_row(kept)) for kept in letters] if dry_run else _retried(installation, codec, letters)
    if json:
        print_json({"dry_run": dry_run, "letters": rows})
    else:
        print_table(f"{len(rows)} dead letters", rows)
    if not dry_run and not all(row["taken"] for row in rows):
        raise typer.Exit(1)


def _retried(installation: Installation, codec: Codec, letters: list[KeptLetter]) -> list[dict[str, Any]]:
    rows = []
    with Retrying(installation, codec) as retrying:
        for kept in letters:
            letter = kept.letter
            try:
                outcome, why = retrying.retry(kept), None
            except CannotRetry as error:
                outcome, why = Outcome(None, ""), str(error)
            rows.append(
                {
                    "dead_letter_id": letter.dead_letter_id,
                    "origin": letter.origin,
                    "reason": letter.reason,
                    "taken": outcome.resolution is not None,
                    "resolution": outcome.resolution,
                    "answer": outcome.answer,
                    "why_not": why,
                }
            )
    return rows


def _chosen(installation: Installation, codec: Codec, wanted: Wanted) -> list[KeptLetter]:
    """The latest first."""
    letters = read_letters(installation.kafka_bootstrap, codec).values()
    return sorted(filter(wanted.takes, letters), key=_said_at, reverse=True)


def _said_at(kept: KeptLetter) -> tuple[datetime, int]:
    return kept.letter.recorded_at, kept.offset


def _one(installation: Installation, codec: Codec, letter_id: str, *, as_json: bool) -> KeptLetter:
    letters = read_letters(installation.kafka_bootstrap, codec)
    given = letter_id.lower()
    found = [kept for known, kept in letters.items() if known.startswith(given)]
    if len(found) != 1 or len(given) < _FEWEST_ID_CHARACTERS:
        several = f"{len(found)} dead letters begin with" if found else "there is no dead letter"
        fail(f"{several} {letter_id!r}: `radstream deadletters list --resolved` shows them", as_json=as_json)
    return found[0]


def _payload(installation: Installation, codec: Codec, kept: KeptLetter) -> bytes:
    with Retrying(installation, codec) as retrying:
        return retrying.payload(kept)


def _row(kept: KeptLetter) -> dict[str, Any]:
    letter, resolved = kept.letter, kept.resolved
    return {
        "dead_letter_id": letter.dead_letter_id,
        "recorded_at": f"{letter.recorded_at:%Y-%m-%dT%H:%M:%SZ}",
        "origin": letter.origin,
        "reason": letter.reason,
        "detail": letter.detail,
        "source": "|".join(part for part in (letter.source.system, letter.source.facility) if part),
        "source_message_id": letter.source_message_id,
        "destination": letter.destination,
        "content_type": letter.content_type,
        "sealed_bytes": kept.payload_bytes,
        "is_whole": is_whole(letter),
        "count": kept.count,
        "resolution": resolved.resolution if resolved else None,
        "resolved_at": f"{resolved.resolved_at:%Y-%m-%dT%H:%M:%SZ}" if resolved else None,
        "answer": resolved.answer if resolved else None,
    }


def _line(row: dict[str, Any]) -> dict[str, Any]:
    names = ("dead_letter_id", "recorded_at", "origin", "reason", "source", "detail", "resolution")
    return {name: row[name] for name in names}


def _instant(given: str | None, installation: Installation, *, as_json: bool) -> datetime | None:
    if given is None:
        return None
    ago = _AGO.fullmatch(given)
    if ago is not None:
        return installation.now()() - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
    try:
        at = datetime.fromisoformat(given)
    except ValueError:
        fail(f"--since {given!r}: give 30m, 24h, 7d, or an ISO 8601 time", as_json=as_json)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


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


@contextmanager
def _said_plainly(*, as_json: bool) -> Iterator[None]:
    try:
        yield
    except (LettersUnreadable, SchemaError, StackError) as error:
        fail(f"{error}; see that the stack is up: `radstream status`", as_json=as_json)
