"""`radstream user`, as it is typed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from dashboards.access.roles import PERMISSIONS, Role
from runtime.cli.user import app
from runtime.dashboard_access import (
    access_config,
    access_of,
    first_sign_in,
    read_role_map,
    with_first_user,
)
from runtime.installation import Installation
from runtime.settings import Settings

PASSWORD = "a long enough password"


def run(data: Path, *arguments: str, typed: str = "", code: int = 0) -> Any:
    """The verb's JSON document."""
    where = [] if arguments[0] == "permissions" else ["--data", str(data)]
    ended = CliRunner().invoke(app, [*arguments, "--json", *where], input=typed)
    assert ended.exit_code == code, ended.output
    return json.loads(ended.stdout)


def add(data: Path, name: str, *roles: str, code: int = 0) -> Any:
    options = [option for role in roles for option in ("--role", role)]
    return run(data, "add", name, *options, "--password-file", "-", typed=PASSWORD + "\n", code=code)


def test_a_user_is_made_shown_changed_and_removed(tmp_path: Path) -> None:
    assert add(tmp_path, "ada", "viewer", "analyst") == {"user": "ada", "roles": ["viewer", "analyst"]}
    (shown,) = run(tmp_path, "list")["users"]
    assert (shown["user"], shown["roles"]) == ("ada", "analyst, viewer")
    run(tmp_path, "roles", "ada", "--role", "clinician")
    assert run(tmp_path, "list")["users"][0]["roles"] == "clinician"
    another = tmp_path / "password"
    another.write_text("another long password\n")
    assert run(tmp_path, "password", "ada", "--password-file", str(another)) == {
        "user": "ada",
        "changed": True,
    }
    access = access_of(Installation(Settings(data=tmp_path)))
    assert access.users.verify("ada", "another long password") is not None
    assert access.users.verify("ada", PASSWORD) is None
    access.close()
    run(tmp_path, "remove", "ada")
    assert run(tmp_path, "list") == {"users": [], "tokens": []}


def test_a_token_is_shown_once_and_revoked(tmp_path: Path) -> None:
    add(tmp_path, "feed", "analyst")
    made = run(tmp_path, "token", "feed", "--days", "2", "--for", "grafana")
    access = access_of(Installation(Settings(data=tmp_path)))
    user = access.tokens.user_of(made["token"])
    assert user is not None
    assert user.roles == {Role.ANALYST}
    listed = run(tmp_path, "list")["tokens"]
    assert [(one["token"], one["user"], one["for"]) for one in listed] == [
        (made["token_id"], "feed", "grafana")
    ]
    assert made["token"] not in json.dumps(listed)
    run(tmp_path, "revoke", made["token_id"])
    assert access.tokens.user_of(made["token"]) is None
    access.close()


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["add", "ada"], "--role"),
        (["add", "ada", "--role", "viewer", "--password-file", "nowhere"], "cannot be read"),
        (["remove", "nobody"], "radstream user list"),
        (["password", "nobody", "--password-file", "-"], "no user nobody"),
        (["token", "nobody"], "radstream user add"),
        (["revoke", "nothing"], "no token nothing"),
        (["roles", "nobody", "--role", "viewer"], "no user nobody"),
    ],
)
def test_what_cannot_be_done_is_an_error_that_says_the_next_step(
    tmp_path: Path, arguments: list[str], why: str
) -> None:
    assert why in run(tmp_path, *arguments, typed=PASSWORD + "\n", code=1)["error"]


def test_the_permissions_are_those_of_the_table(tmp_path: Path) -> None:
    assert run(tmp_path, "permissions") == {role.value: sorted(has) for role, has in PERMISSIONS.items()}


def test_the_first_start_makes_an_administrator_whose_password_is_a_secret(tmp_path: Path) -> None:
    installation = Installation(Settings(data=tmp_path))
    config = access_config(installation)
    for _ in range(2):
        assert with_first_user(installation, config) == config
    first = first_sign_in(installation)
    assert first is not None
    assert first.password_file is not None
    assert first.password_file.read_text().strip() == first.password
    assert first.password_file.stat().st_mode & 0o777 == 0o600
    assert first.password not in repr(first)
    kept = first.password_file.rename(tmp_path / "kept")
    assert first_sign_in(installation) is None
    assert not first.password_file.exists()
    kept.rename(first.password_file)
    access = access_of(installation)
    user = access.users.verify("admin", first.password)
    assert user is not None
    assert user.roles == frozenset(Role)
    access.users.set_password("admin", PASSWORD)
    access.close()
    assert first_sign_in(installation) is None


def test_who_removed_the_administrator_does_not_get_another_while_there_are_users(tmp_path: Path) -> None:
    installation = Installation(Settings(data=tmp_path))
    add(tmp_path, "ada", "admin")
    with_first_user(installation, access_config(installation))
    assert [user["user"] for user in run(tmp_path, "list")["users"]] == ["ada"]


def test_the_providers_roles_are_mapped_and_a_wrong_entry_is_named() -> None:
    assert read_role_map("a=clinician, b c=admin,") == {"a": Role.CLINICIAN, "b c": Role.ADMIN}
    assert read_role_map("CN=Radiology=viewer") == {"CN=Radiology": Role.VIEWER}
    for wrong in ("a", "a=king", "=viewer"):
        with pytest.raises(ValueError, match="RADSTREAM_OIDC_ROLES"):
            read_role_map(wrong)


def test_a_provider_needs_its_secret_its_roles_and_https(tmp_path: Path) -> None:
    def config(**settings: Any) -> object:
        return access_config(Installation(Settings.model_validate({"data": tmp_path, **settings}))).oidc

    assert config() is None
    with pytest.raises(ValueError, match="secret cannot be read"):
        config(oidc_issuer="https://login.example")
    secret = tmp_path / "secret"
    secret.write_text("x\n")
    with pytest.raises(ValueError, match="stands for a role"):
        config(oidc_issuer="https://login.example", oidc_client_secret_file=secret)
    with pytest.raises(ValueError, match="https"):
        config(oidc_issuer="http://login.example", oidc_client_secret_file=secret, oidc_roles="a=viewer")
    assert config(oidc_issuer="https://login.example", oidc_client_secret_file=secret, oidc_roles="a=viewer")
