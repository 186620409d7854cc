"""What the verbs of `radstream user` share: the installation's access, its record, the password."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer

from dashboards.access.access import Access
from dashboards.access.users import UserRefused
from runtime.accesses import why_not_said
from runtime.cli.output import console, errors, fail, print_json
from runtime.cli.settings_of import read_settings, running_installation
from runtime.dashboard_access import access_of
from runtime.installation import Installation
from runtime.stack.state import running_state
from schemas.audit_codes import SECURITY_ALERT


@contextmanager
def opened_access(data: Path | None, *, as_json: bool) -> Iterator[Access]:
    """The installation's access, whether its stack runs or not; what is refused is the verb's error."""
    installation = Installation(read_settings(data))
    try:
        access = access_of(installation)
    except (sqlite3.Error, OSError) as error:
        fail(f"the users in {installation.data} cannot be read: {error}", as_json=as_json)
    try:
        yield access
    except UserRefused as error:
        fail(f"{error}; `radstream user list` shows who there is", as_json=as_json)
    finally:
        access.close()


def record_change(data: Path | None, what: str) -> None:
    """Who may do what is another thing now: said where there is a log, and never a reason not to do it."""
    settings = read_settings(data)
    if settings.kafka_bootstrap is None and running_state(Installation(settings).data) is None:
        errors.print("no stack runs, so this is not in the audit topic", highlight=False)
        return
    installation, _ = running_installation(data, as_json=False)
    why_not = why_not_said(installation, SECURITY_ALERT, what, by="user")
    if why_not is not None:
        errors.print(why_not, markup=False, highlight=False)


def given_password(file: Path | None, *, as_json: bool) -> str:
    """The first line of `file` or of standard input; asked for at a terminal where there is no file."""
    if file is None:
        if not sys.stdin.isatty():
            fail("give --password-file FILE, or - for standard input", as_json=as_json)
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
    try:
        text = sys.stdin.readline() if str(file) == "-" else file.read_text("utf-8")
    except (OSError, ValueError) as error:
        fail(f"the password cannot be read: {error}", as_json=as_json)
    return text.split("\n")[0]


def say(document: dict[str, Any], sentence: str, *, as_json: bool) -> None:
    """What was done: the document, or the sentence."""
    if as_json:
        print_json(document)
    else:
        console.print(sentence, markup=False, highlight=False)
