"""`radstream verify`: whether the archive is what was archived, from its first seal to its last event."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import clickhouse_connect.driver.exceptions
import typer
from rich.progress import Progress as Bar

from runtime.cli.instants import instant_us
from runtime.cli.output import Json, console, errors, fail, print_json
from runtime.cli.progress_bar import bar_teller
from runtime.cli.settings_of import Data, running_installation
from runtime.cli.verified import document_of, say_verified
from runtime.evidence.collecting import NoEvidence, prove_exam
from runtime.installation import Installation
from runtime.stack.errors import StackError
from runtime.verifying import Question, verify_installation
from sinks.archive.errors import ArchiveError
from sinks.archive.verification import Span

_FAULTY = 1
_From = Annotated[
    str | None, typer.Option("--from", help="Read only files with messages from this instant on (ISO 8601).")
]
_To = Annotated[str | None, typer.Option("--to", help="… and before this instant.")]
_Anchors = Annotated[
    list[str] | None,
    typer.Option("--seal", help="NUMBER:SHA256 of a seal, as an earlier verification printed it."),
]
_Keys = Annotated[
    list[Path] | None, typer.Option("--trust", help="File with a public key to trust, 64 hex digits.")
]
_Compare = Annotated[
    bool, typer.Option("--compare", help="Compare with what Kafka still has, and with ClickHouse.")
]


def verify(
    *,
    from_: _From = None,
    to: _To = None,
    seal: _Anchors = None,
    trust: _Keys = None,
    compare: _Compare = False,
    exam: Annotated[
        str | None,
        typer.Option("--exam", help="Prove this exam's events under the last seal, and no others."),
    ] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Walk the archive: seals, manifests, files, events. Exit code 1 where something is wrong, 2 where it
    cannot.
    """
    installation, _ = running_installation(data, as_json=json)
    if exam is not None:
        _prove(installation, exam, as_json=json)
        return
    question = _question(from_, to, seal or [], trust or [], compare=compare, as_json=json)
    try:
        with Bar(console=errors, transient=True, disable=json) as bar:
            verified = verify_installation(installation, question, bar_teller(bar))
    except (ArchiveError, StackError, ValueError) as error:
        fail(str(error), as_json=json, code=2)
    except clickhouse_connect.driver.exceptions.ClickHouseError as error:
        fail(f"ClickHouse at {installation.clickhouse_url}: {error}", as_json=json, code=2)
    if json:
        print_json(document_of(verified))
    else:
        say_verified(verified, compared=compare)
    if verified.found.faults:
        raise typer.Exit(_FAULTY)


def _prove(installation: Installation, exam: str, *, as_json: bool) -> None:
    """The seals, the chains, and each event of the exam up to the last seal's root."""
    try:
        with Bar(console=errors, transient=True, disable=as_json) as bar:
            proven = prove_exam(installation, exam, bar_teller(bar))
    except NoEvidence as error:
        fail(str(error), as_json=as_json, code=_FAULTY)
    except (ArchiveError, StackError, ValueError) as error:
        fail(str(error), as_json=as_json, code=2)
    if as_json:
        print_json(proven.summary())
        return
    for name, value in proven.summary().items():
        console.print(f"{name.replace('_', ' ')}: {value}", highlight=False, soft_wrap=True, markup=False)


def _question(
    from_: str | None, to: str | None, seals: list[str], keys: list[Path], *, compare: bool, as_json: bool
) -> Question:
    try:
        anchors = {int(number): digest.lower() for number, _, digest in (one.partition(":") for one in seals)}
        trusted = tuple(bytes.fromhex(path.read_text("ascii").strip()) for path in keys)
        span = Span(from_ms=_milliseconds(from_), until_ms=_milliseconds(to))
    except (OSError, ValueError) as error:
        fail(
            f"{error}: instants as 2026-03-01T08:00, --seal as 12:3f…, --trust a file of 64 hex digits",
            as_json=as_json,
            code=2,
        )
    return Question(span=span, anchors=anchors, extra_keys=trusted, compare=compare)


def _milliseconds(instant: str | None) -> int | None:
    at_us = instant_us(instant)
    return None if at_us is None else at_us // 1000
