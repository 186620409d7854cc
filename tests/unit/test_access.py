"""Who may do what: roles, users, sessions, tokens, and routes that cannot forget to ask."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.routing import Mount

from dashboards.access.access import Access, open_access
from dashboards.access.config import AccessConfig
from dashboards.access.places import local_path
from dashboards.access.roles import PERMISSIONS, Permission, Role, User
from dashboards.access.routes import GuardedRoute
from dashboards.access.sessions import Sessions
from dashboards.access.users import UserRefused
from dashboards.app import create_app, create_live
from tests.served_board import PASSWORD, config

OPEN = {"/healthz", "/readyz", "/sign-in", "/sign-out"}


@pytest.fixture
def access(tmp_path: Path) -> Iterator[Access]:
    opened = open_access(AccessConfig(database=tmp_path / "access" / "access.sqlite"))
    yield opened
    opened.close()


def test_every_route_says_what_it_needs_and_only_health_and_signing_in_need_nothing() -> None:
    settings = config()
    app = create_app(settings, create_live(settings), with_feed=False)
    for route in app.routes:
        if isinstance(route, Mount):
            assert route.name in {"static", "bokeh"}
            continue
        assert isinstance(route, GuardedRoute), route
        assert (route.permission is None) == (route.path in OPEN), route.path


def test_names_are_for_clinicians_alone_and_every_permission_is_someones() -> None:
    assert [role for role, has in PERMISSIONS.items() if Permission.SEE_PHI in has] == [Role.CLINICIAN]
    assert frozenset().union(*PERMISSIONS.values()) == frozenset(Permission)
    assert set(PERMISSIONS) == set(Role)


def test_the_document_has_the_table_of_roles() -> None:
    text = (Path(__file__).parents[2] / "docs" / "access.md").read_text("utf-8")
    for role, has in PERMISSIONS.items():
        may = ", ".join(permission.replace("_", " ") for permission in Permission if permission in has)
        assert f"| `{role}` | {may} |" in text


@given(st.sets(st.sampled_from(Role)), st.sampled_from(Permission))
def test_who_has_several_roles_may_what_any_of_them_may(roles: set[Role], permission: Permission) -> None:
    assert User("x", frozenset(roles)).may(permission) == any(permission in PERMISSIONS[r] for r in roles)


def test_nobody_is_more_than_a_viewer_without_signing_in(tmp_path: Path) -> None:
    for role in Role:
        if role is Role.VIEWER:
            assert AccessConfig(database=tmp_path, anonymous_role=role).anonymous_role is role
        else:
            with pytest.raises(ValueError, match="viewer"):
                AccessConfig(database=tmp_path, anonymous_role=role)


def test_the_database_is_for_its_owner_alone(access: Access) -> None:
    access.users.add("ada", [Role.VIEWER], PASSWORD)
    for path in access.database.path.parent.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    assert PASSWORD.encode() not in access.database.path.read_bytes()


def test_a_password_opens_its_user_and_no_other(access: Access) -> None:
    access.users.add("ada", [Role.ANALYST], PASSWORD)
    access.users.add("bob", [Role.ADMIN], "another long password")
    assert access.users.verify("ada", PASSWORD) == User("ada", frozenset({Role.ANALYST}))
    assert access.users.verify("bob", PASSWORD) is None
    assert access.users.verify("eve", PASSWORD) is None
    assert access.users.verify("", "") is None


@pytest.mark.parametrize(
    ("name", "roles", "password", "why"),
    [
        ("ada", [Role.VIEWER], "too short", "12 characters"),
        ("ada", [Role.VIEWER], "x" * 2_000, "12 characters"),
        ("ada", [], PASSWORD, "needs a role"),
        ("", [Role.VIEWER], PASSWORD, "name"),
        ("<script>", [Role.VIEWER], PASSWORD, "name"),
        ("known", [Role.VIEWER], PASSWORD, "already"),
    ],
)
def test_a_user_that_cannot_be_is_refused(
    access: Access, name: str, roles: list[Role], password: str, why: str
) -> None:
    access.users.add("known", [Role.VIEWER], PASSWORD)
    with pytest.raises(UserRefused, match=why):
        access.users.add(name, roles, password)


def test_a_session_ends_with_signing_out_another_password_or_the_user(access: Access) -> None:
    access.users.add("ada", [Role.VIEWER], PASSWORD)
    ada = User("ada", frozenset({Role.VIEWER}))

    def began() -> str:
        secret = access.sessions.begin(ada, is_local=True)
        found = access.sessions.find(secret)
        assert found is not None
        assert found.user == ada
        return secret

    first = began()
    access.sessions.end(first)
    assert access.sessions.find(first) is None
    second = began()
    access.users.set_password("ada", "yet another password")
    assert access.sessions.find(second) is None
    third = began()
    access.users.set_roles("ada", [Role.CLINICIAN])
    found = access.sessions.find(third)
    assert found is not None
    assert found.user.may(Permission.SEE_PHI)
    access.users.remove("ada")
    assert access.sessions.find(third) is None
    assert access.sessions.find("guessed") is None


def test_a_session_ends_when_nobody_is_there_and_after_its_longest_time(tmp_path: Path) -> None:
    settings = AccessConfig(database=tmp_path / "access.sqlite", idle_s=100, longest_s=250)
    access, clock = open_access(settings), [1_000.0]
    sessions = Sessions(access.database, settings, lambda: clock[0])
    secret = sessions.begin(User("ada", frozenset({Role.VIEWER})), is_local=False)
    clock[0] = 1_099
    assert sessions.find(secret) is not None
    clock[0] = 1_100
    assert sessions.find(secret) is None
    clock[0] = 1_099
    sessions.touch(secret)
    clock[0] = 1_198
    sessions.touch(secret)
    clock[0] = 1_249
    found = sessions.find(secret)
    assert found is not None
    assert found.ends_in_s == 1
    clock[0] = 1_250
    assert sessions.find(secret) is None
    access.close()


def test_sessions_outlive_the_process(tmp_path: Path) -> None:
    settings = AccessConfig(database=tmp_path / "access.sqlite")
    before = open_access(settings)
    secret = before.sessions.begin(User("ada", frozenset({Role.VIEWER})), is_local=False)
    before.close()
    after = open_access(settings)
    assert after.sessions.find(secret) is not None
    assert secret.encode() not in settings.database.read_bytes()
    after.close()


def test_a_token_is_taken_until_it_expires_or_is_revoked_or_its_user_is_gone(access: Access) -> None:
    access.users.add("feed", [Role.ANALYST], PASSWORD)
    _, expired = access.tokens.make("feed", "old", timedelta(seconds=-1))
    made, secret = access.tokens.make("feed", "grafana", timedelta(days=1))
    assert access.tokens.user_of(expired) is None
    assert access.tokens.user_of(secret) == User("feed", frozenset({Role.ANALYST}))
    access.tokens.revoke(made.token_id)
    assert access.tokens.user_of(secret) is None
    _, another = access.tokens.make("feed", "grafana", timedelta(days=1))
    access.users.remove("feed")
    assert access.tokens.user_of(another) is None
    with pytest.raises(UserRefused, match="no user feed"):
        access.tokens.make("feed", "x", timedelta(days=1))


@pytest.mark.parametrize(
    "asked",
    [
        None,
        "",
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "\\/evil",
        "/\t/evil",
        "/sign-in",
        "x",
    ],
)
def test_signing_in_never_leads_to_another_site(asked: str | None) -> None:
    assert local_path(asked) == "/"


@given(st.text())
def test_where_signing_in_leads_is_a_path_of_ours(asked: str) -> None:
    found = local_path(asked)
    assert found.startswith("/")
    assert not found.startswith("//")
    assert "\\" not in found
