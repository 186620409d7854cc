"""How every verb speaks: tables and sentences for people, one JSON document with `--json`."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, NoReturn

import orjson
import typer
from rich.console import Console
from rich.table import Table

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]

console = Console()
errors = Console(stderr=True)


def print_json(document: Any) -> None:
    """One JSON document on a line of its own."""
    sys.stdout.write(orjson.dumps(document, default=str, option=orjson.OPT_NON_STR_KEYS).decode() + "\n")
    sys.stdout.flush()


def print_table(title: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Rows with the same keys as a table."""
    table = Table(title=title, title_justify="left")
    for name in rows[0] if rows else ():
        table.add_column(name.replace("_", " "))
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row.values()))
    console.print(table)


def fail(message: str, *, as_json: bool = False, code: int = 1) -> NoReturn:
    """Say what is wrong and what to do, and leave."""
    if as_json:
        print_json({"error": message})
    else:
        errors.print("error:", style="bold red", end=" ")
        errors.print(message, markup=False, highlight=False)
    raise typer.Exit(code)
