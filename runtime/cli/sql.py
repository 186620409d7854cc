"""`radstream sql "SELECT …"`: ask ClickHouse, as the analyst who only reads."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import IO, Annotated, Any

import orjson
import typer

from runtime.accesses import why_not_said
from runtime.cli.output import Json, errors, fail, print_json, print_table
from runtime.cli.settings_of import Data, running_installation
from runtime.installation import Installation
from runtime.questions import QuestionFailed, answered
from schemas.audit_codes import EXPORT, QUERY


class Form(StrEnum):
    """The form of the answer."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"


_VIEW = re.compile(r"\bv_[a-z_]+\b")
_FORMAT = {Form.CSV: "CSVWithNames", Form.PARQUET: "Parquet"}


def sql(
    query: Annotated[
        str | None,
        typer.Argument(help="A SELECT, in ClickHouse's dialect; else --file, else standard input."),
    ] = None,
    *,
    file: Annotated[Path | None, typer.Option(help="Read the statement from this file.")] = None,
    param: Annotated[
        list[str] | None,
        typer.Option(
            help="NAME=VALUE for {NAME:Type} in the statement; over its lines `-- param NAME = VALUE`."
        ),
    ] = None,
    form: Annotated[Form | None, typer.Option("--format", help="Form of the answer.")] = None,
    output: Annotated[Path | None, typer.Option(help="Write the answer to this file, mode 0600.")] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Run a read-only query on the analytics store and print its rows."""
    text = _statement(query, file, as_json=json)
    parameters = _parameters(param or [], as_json=json)
    chosen = form or (Form.JSON if json else _form_of(output))
    installation, _ = running_installation(data, as_json=json)
    _say(installation, text, chosen, output)
    try:
        if chosen in _FORMAT or output is not None:
            _write(installation, text, parameters, chosen, output, as_json=json)
        else:
            _show(installation, text, parameters, chosen)
    except QuestionFailed as error:
        fail(str(error), as_json=json)
    except OSError as error:
        fail(f"{output}: {error.strerror}: choose another --output", as_json=json)


def _say(installation: Installation, text: str, form: Form, output: Path | None) -> None:
    """Which views are asked; what is asked of them may name somebody."""
    views = ", ".join(sorted(set(_VIEW.findall(text)))) or "no view"
    is_export = output is not None or form in _FORMAT
    what = f"SQL of {views}, as {form}"
    why_not = why_not_said(installation, EXPORT if is_export else QUERY, what, by="sql")
    if why_not is not None:
        errors.print(why_not, markup=False, highlight=False)


def _statement(query: str | None, file: Path | None, *, as_json: bool) -> str:
    if query is not None and file is not None:
        fail("give the statement or --file, not both", as_json=as_json, code=2)
    if query not in (None, "-"):
        return str(query)
    try:
        if file is not None:
            return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        fail(f"{file} cannot be read as UTF-8 text: {error}", as_json=as_json, code=2)
    if query is None and sys.stdin.isatty():
        fail("no statement: give one, or --file, or pipe it in", as_json=as_json, code=2)
    return sys.stdin.read()


def _parameters(given: list[str], *, as_json: bool) -> dict[str, str]:
    pairs = [text.partition("=") for text in given]
    for name, equals, _ in pairs:
        if not equals or not name.isidentifier():
            fail(f"--param {name}: NAME=VALUE is wanted", as_json=as_json, code=2)
    return {name: value for name, _, value in pairs}


def _form_of(output: Path | None) -> Form:
    """By the file's name, else a table."""
    name = "" if output is None else output.suffix.removeprefix(".").lower()
    return Form(name) if name in set(Form) else Form.TABLE if output is None else Form.CSV


def _show(installation: Installation, text: str, parameters: dict[str, str], form: Form) -> None:
    with answered(installation, text, parameters, "JSONCompact") as pieces:
        whole = b"".join(pieces)
    document = orjson.loads(whole or b'{"meta": [], "data": []}')
    names = [column["name"] for column in document["meta"]]
    rows: list[dict[str, Any]] = [dict(zip(names, row, strict=True)) for row in document["data"]]
    if form is Form.JSON:
        print_json(rows)
    else:
        print_table(f"{len(rows)} rows", rows)


def _write(
    installation: Installation,
    text: str,
    parameters: dict[str, str],
    form: Form,
    output: Path | None,
    *,
    as_json: bool,
) -> None:
    if form is Form.TABLE:
        fail(
            "a table is for the screen: for a file choose --format csv, json or parquet",
            as_json=as_json,
            code=2,
        )
    if output is None and form is Form.PARQUET and sys.stdout.isatty():
        fail("Parquet is not for the screen: --output FILE", as_json=as_json, code=2)
    with (
        answered(installation, text, parameters, _FORMAT.get(form, "JSONEachRow")) as pieces,
        _destination(output) as file,
    ):
        written = sum(file.write(piece) for piece in _as_array(pieces, form))
    if output is not None and as_json:
        print_json({"output": str(output), "bytes": written})


def _as_array(pieces: Iterator[bytes], form: Form) -> Iterator[bytes]:
    """Of rows of JSON one document: line feeds stand between rows only, for in texts they are escaped."""
    if form is not Form.JSON:
        yield from pieces
        return
    yield b"["
    held = b""
    for piece in pieces:
        whole = held + piece
        held = whole[-1:] if whole.endswith(b"\n") else b""
        yield (whole[:-1] if held else whole).replace(b"\n", b",\n")
    yield b"]\n"


@contextmanager
def _destination(output: Path | None) -> Iterator[IO[bytes]]:
    """Standard output, or a file that appears only when it is whole."""
    if output is None:
        yield sys.stdout.buffer
        sys.stdout.flush()
        return
    draft = output.with_name(f".{output.name}.draft")
    try:
        with draft.open("wb") as file:
            draft.chmod(0o600)
            yield file
        draft.replace(output)
    finally:
        draft.unlink(missing_ok=True)
