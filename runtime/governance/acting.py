"""Who does it: a command that decides over patients' data wants a user of the dashboard, who signs in."""

from __future__ import annotations

import getpass
import sqlite3
import sys
from pathlib import Path

from dashboards.access.roles import PERMISSIONS, Permission, Role, User
from runtime.dashboard_access import access_of
from runtime.installation import Installation


class NotAllowed(Exception):
    """The user is not who they say, or may not do this. The message says what to do."""


def acting_user(installation: Installation, name: str | None, secret: str, wanted: Permission) -> User:
    """The user of that name and password, or of that token, who may do what is wanted. Raises NotAllowed."""
    user = _signed_in(installation, name, secret)
    if user is None:
        raise NotAllowed(
            "name and password are no user's: `radstream user list` shows who there is; users of OpenID "
            "Connect give --token-file"
        )
    if not user.may(wanted):
        roles = ", ".join(role for role in Role if wanted in PERMISSIONS[role])
        raise NotAllowed(
            f"{user.name} may not {wanted.value.replace('_', ' ')}: it takes the role {roles} "
            f"(`radstream user roles {user.name} --role …`)"
        )
    return user


def _signed_in(installation: Installation, name: str | None, secret: str) -> User | None:
    try:
        access = access_of(installation)
    except (sqlite3.Error, OSError) as error:
        raise NotAllowed(f"the users in {installation.data} cannot be read: {error}") from error
    try:
        if name is None:
            return access.tokens.user_of(secret)
        return access.users.verify(name, secret)
    finally:
        access.close()


def read_secret_text(name: str | None, password_file: Path | None, token_file: Path | None) -> str:
    """The password, or the token, from its file, `-` for standard input, or asked for. Raises NotAllowed."""
    if name is None and token_file is None:
        raise NotAllowed("say who does this: --user NAME (and a password), or --token-file FILE")
    file = password_file if token_file is None else token_file
    if file is None:
        if not sys.stdin.isatty():
            raise NotAllowed("give --password-file FILE, or - for standard input")
        return getpass.getpass(f"Password of {name}: ")
    try:
        text = sys.stdin.readline() if str(file) == "-" else file.read_text("utf-8")
    except (OSError, ValueError) as error:
        raise NotAllowed(f"{file} cannot be read: {error}") from error
    return text.split("\n")[0].strip("\r")
