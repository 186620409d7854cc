"""`radstream user`: who may use the dashboard, and the tokens of programs."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from dashboards.access.roles import PERMISSIONS, Role
from runtime.cli.output import Json, console, fail, print_json, print_table
from runtime.cli.settings_of import Data
from runtime.cli.user_access import given_password, opened_access, record_change, say

app = typer.Typer(no_args_is_help=True, help="Who may use the dashboard: users, roles, passwords, tokens.")

Name = Annotated[str, typer.Argument(help="The user's name.")]
Roles = Annotated[
    list[Role] | None,
    typer.Option("--role", help="viewer, clinician, analyst, auditor, admin; repeatable."),
]
PasswordFile = Annotated[
    Path | None,
    typer.Option("--password-file", help="File with the password in its first line; - reads standard input."),
]


@app.command("add")
def add(
    name: Name,
    *,
    role: Roles = None,
    password_file: PasswordFile = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Make a user. Without --password-file the password is asked for."""
    roles = role or []
    if not roles:
        fail(f"give {name} a role: --role {' | '.join(Role)}", as_json=json)
    with opened_access(data, as_json=json) as access:
        access.users.add(name, roles, given_password(password_file, as_json=json))
    record_change(data, f"user {name} added with the roles {', '.join(roles)}")
    say({"user": name, "roles": [*roles]}, f"{name} may sign in as {', '.join(roles)}.", as_json=json)


@app.command("list")
def show(*, data: Data = None, json: Json = False) -> None:
    """Every user with their roles, and every token (never its secret)."""
    with opened_access(data, as_json=json) as access:
        users = [
            {
                "user": user.name,
                "roles": ", ".join(sorted(user.roles)),
                "since": f"{user.created_at:%Y-%m-%d}",
                "password_changed": f"{user.password_changed_at:%Y-%m-%d}",
            }
            for user in access.users.all()
        ]
        tokens = [
            {
                "token": token.token_id,
                "user": token.user,
                "for": token.label,
                "since": f"{token.created_at:%Y-%m-%d}",
                "until": f"{token.expires_at:%Y-%m-%d}",
            }
            for token in access.tokens.all()
        ]
    if json:
        print_json({"users": users, "tokens": tokens})
        return
    print_table("Users", users)
    if tokens:
        print_table("Tokens of programs", tokens)


@app.command("roles")
def roles(name: Name, *, role: Roles = None, data: Data = None, json: Json = False) -> None:
    """Give a user other roles, from their next request on."""
    with opened_access(data, as_json=json) as access:
        access.users.set_roles(name, role or [])
    record_change(data, f"roles of user {name}: {', '.join(role or []) or 'none'}")
    said = ", ".join(role or [])
    say({"user": name, "roles": role or []}, f"{name} has these roles: {said}.", as_json=json)


@app.command("remove")
def remove(name: Name, *, data: Data = None, json: Json = False) -> None:
    """Take a user away; their sessions end and their tokens are no longer taken."""
    with opened_access(data, as_json=json) as access:
        access.users.remove(name)
    record_change(data, f"user {name} removed")
    say({"user": name, "removed": True}, f"{name} is removed, with sessions and tokens.", as_json=json)


@app.command("password")
def password(
    name: Name, *, password_file: PasswordFile = None, data: Data = None, json: Json = False
) -> None:
    """Give a user another password; their sessions end, their tokens stay."""
    with opened_access(data, as_json=json) as access:
        access.users.set_password(name, given_password(password_file, as_json=json))
    record_change(data, f"another password of user {name}")
    say({"user": name, "changed": True}, f"{name} has another password; their sessions ended.", as_json=json)


@app.command("token")
def token(
    name: Name,
    *,
    days: Annotated[float, typer.Option(min=0.01, max=3660, help="How long it is taken.")] = 90.0,
    purpose: Annotated[str, typer.Option("--for", help="What it is for.")] = "",
    data: Data = None,
    json: Json = False,
) -> None:
    """Make a token for a program, with the roles of the user NAME; it is shown this once."""
    with opened_access(data, as_json=json) as access:
        made, secret = access.tokens.make(name, purpose, timedelta(days=days))
    record_change(data, f"token {made.token_id} of user {name} made")
    if json:
        print_json({"user": name, "token_id": made.token_id, "token": secret, "until": made.expires_at})
        return
    sys.stdout.write(secret + "\n")
    console.print(
        f"Send it as `Authorization: Bearer …`. Taken until {made.expires_at:%Y-%m-%d %H:%M} UTC; "
        f"end it with `radstream user revoke {made.token_id}`.",
        markup=False,
        style="dim",
    )


@app.command("revoke")
def revoke(
    token_id: Annotated[str, typer.Argument(help="As `radstream user list` shows it.")],
    *,
    data: Data = None,
    json: Json = False,
) -> None:
    """End a program's token."""
    with opened_access(data, as_json=json) as access:
        access.tokens.revoke(token_id)
    record_change(data, f"token {token_id} revoked")
    say({"token_id": token_id, "revoked": True}, f"Token {token_id} is no longer taken.", as_json=json)


@app.command("permissions")
def permissions(*, json: Json = False) -> None:
    """What each role may do."""
    table = [{"role": role.value, "may": ", ".join(sorted(has))} for role, has in PERMISSIONS.items()]
    if json:
        print_json({role.value: sorted(has) for role, has in PERMISSIONS.items()})
    else:
        print_table("Roles", table)
