"""Options of verbs that want to know who it is that decides."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dashboards.access.roles import Permission, User
from runtime.governance.acting import acting_user, read_secret_text
from runtime.installation import Installation

ByUser = Annotated[str | None, typer.Option("--user", help="Who does this: a user with the role.")]
PasswordFile = Annotated[
    Path | None,
    typer.Option(
        "--password-file", help="File with the user's password in its first line; - is standard input."
    ),
]
TokenFile = Annotated[
    Path | None,
    typer.Option("--token-file", help="Instead of user and password: file with a token of the user."),
]


def signed_in(
    installation: Installation,
    wanted: Permission,
    user: str | None,
    password_file: Path | None,
    token_file: Path | None,
) -> User:
    """The user who may do what is wanted. Raises NotAllowed."""
    secret = read_secret_text(user, password_file, token_file)
    return acting_user(installation, None if token_file else user, secret, wanted)
