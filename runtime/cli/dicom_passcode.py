"""`radstream dicom passcode`: a passcode of a DICOM user, as the file of peers keeps it."""

from __future__ import annotations

import sys

import typer

from producers.dicom.associations.passcodes import hash_passcode
from runtime.cli.output import Json, fail, print_json


def passcode(*, json: Json = False) -> None:
    """Hash a passcode for the file of peers: it is asked for, or read from a pipe."""
    if sys.stdin.isatty():
        given = typer.prompt("passcode", hide_input=True, confirmation_prompt=True, err=True)
    else:
        given = sys.stdin.readline().rstrip("\r\n")
    if not given:
        fail("no passcode was given", as_json=json)
    hashed = hash_passcode(given.encode())
    if json:
        print_json({"hash": hashed})
    else:
        typer.echo(hashed)
