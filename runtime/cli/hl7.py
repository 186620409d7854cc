"""`radstream hl7`: what an interface analyst keeps open all day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from producers.hl7.message_file import messages_in
from producers.hl7.rejections import UnparsableMessage
from producers.hl7.sender import Answer, MllpClient, SendFailed
from runtime.cli.hl7_explaining import mapping_config, show
from runtime.cli.output import Json, console, fail, print_json
from runtime.cli.settings_of import Data, read_settings
from runtime.cli.tls_of import client_context
from runtime.installation import Installation
from runtime.stack.state import running_state

app = typer.Typer(no_args_is_help=True, help="Explain HL7 messages, and send them.")

_File = Annotated[Path, typer.Argument(help="A message; several, a batch or a capture with framing also go.")]


@app.command()
def explain(
    file: _File,
    *,
    profile: Annotated[
        str | None,
        typer.Option("--profile", help="A profile's name, or a TOML file of profiles; else by the sender."),
    ] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Show each message field by field, what is used as what, and the events that it becomes.

    Exit code 1 where a message would not be accepted.
    """
    from producers.hl7.explanation import explain as explained  # noqa: PLC0415 - `send` need not wait for it

    config = mapping_config(read_settings(data), profile, as_json=json)
    found = []
    for raw in _messages(file, as_json=json):
        try:
            found.append(explained(raw, config, datetime.now(UTC)))
        except UnparsableMessage as error:
            fail(f"{file}: {error.detail}", as_json=json)
    if json:
        print_json([asdict(explanation) for explanation in found])
    else:
        for explanation in found:
            show(explanation)
    if any(explanation.rejected for explanation in found):
        raise typer.Exit(1)


@app.command()
def send(
    path: Annotated[Path, typer.Argument(help="A file, or a directory: every file with messages in it.")],
    *,
    host: Annotated[str | None, typer.Option(help="Where to; else our own listener.")] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Its port; else our listener's.")] = None,
    tls: Annotated[bool, typer.Option("--tls", help="Encrypt; the receiver must prove who it is.")] = False,
    ca: Annotated[Path | None, typer.Option(help="Certificates to trust, not the system's (PEM).")] = None,
    cert: Annotated[Path | None, typer.Option(help="Our own certificate with its key (PEM).")] = None,
    timeout_s: Annotated[float, typer.Option("--timeout", min=0.1, help="Seconds for each answer.")] = 10.0,
    data: Data = None,
    json: Json = False,
) -> None:
    """Send messages over MLLP and show each answer. Exit code 1 where one was not accepted."""
    files = _files(path, as_json=json)
    if not files:
        fail(f"{path}: no file in it begins a message with MSH", as_json=json)
    to_host, to_port = _listener(data, host, port)
    context = client_context(ca, cert, as_json=json) if tls or ca or cert else None
    rows: list[dict[str, str]] = []
    accepted = 0
    try:
        with MllpClient(to_host, to_port, tls=context, timeout_s=timeout_s) as client:
            for file, answers in _answered(client, files):
                rows += [{"file": file.name, **asdict(answer)} for answer in answers]
                accepted += all(answer.code in {"AA", "CA", "none"} for answer in answers)
                if not json:
                    _show_answers(file, answers)
    except SendFailed as error:
        _fail_sending(error, len(rows), as_json=json)
    if json:
        print_json({"sent": len(files), "accepted": accepted, "answers": rows})
    else:
        console.print(f"{accepted} of {len(files)} messages accepted", highlight=False)
    if accepted < len(files):
        raise typer.Exit(1)


def _answered(client: MllpClient, files: Sequence[tuple[Path, bytes]]) -> Iterator[tuple[Path, list[Answer]]]:
    for file, raw in files:
        yield file, client.send(raw) or [Answer("none", "", "", "", "it asked for no answer")]


def _fail_sending(error: SendFailed, answers: int, *, as_json: bool) -> NoReturn:
    fail(
        f"{error}; {answers} answers came before. Is the listener up (`radstream status`), "
        "and does it expect TLS (`--tls`)?",
        as_json=as_json,
    )


def _messages(file: Path, *, as_json: bool) -> list[bytes]:
    try:
        raw = file.read_bytes()
    except OSError as error:
        fail(f"{file}: {error.strerror}", as_json=as_json)
    found = messages_in(raw)
    if not found:
        fail(f"{file}: no line begins with MSH, so there is no HL7 v2 message in it", as_json=as_json)
    return found


def _files(path: Path, *, as_json: bool) -> list[tuple[Path, bytes]]:
    if not path.is_dir():
        return [(path, raw) for raw in _messages(path, as_json=as_json)]
    files = sorted(file for file in path.iterdir() if file.is_file() and not file.name.startswith("."))
    return [(file, raw) for file in files for raw in messages_in(file.read_bytes())]


def _listener(data: Path | None, host: str | None, port: int | None) -> tuple[str, int]:
    settings = read_settings(data)
    state = running_state(Installation(settings).data)
    own = state.endpoints["hl7"] if state else f"{settings.host}:{settings.hl7_port}"
    own_host, _, own_port = own.rpartition(":")
    return host or own_host, port or int(own_port)


def _show_answers(file: Path, answers: list[Answer]) -> None:
    for answer in answers:
        style = "green" if answer.is_accepted else "bold red"
        console.print(f"[{style}]{answer.code}[/]", end=" ")
        parts = (file.name, answer.control_id, answer.error, answer.location, answer.detail)
        console.print("  ".join(filter(None, parts)), markup=False, highlight=False, soft_wrap=True)
