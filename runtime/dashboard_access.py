"""Who may use the dashboard: where that is kept, and the first user of an installation."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from dashboards.access.access import Access, open_access
from dashboards.access.config import AccessConfig
from dashboards.access.roles import Role
from dashboards.access.users import UserRefused
from runtime.installation import Installation

FIRST_USER = "admin"
PASSWORD_SECRET = "dashboard_admin_password"  # noqa: S105 - the name of a file


def access_config(installation: Installation) -> AccessConfig:
    """Of this installation's dashboard."""
    settings = installation.settings
    role = settings.dashboard_anonymous_role
    return AccessConfig(
        database=installation.data / "access" / "access.sqlite",
        idle_s=settings.dashboard_session_idle_min * 60,
        longest_s=settings.dashboard_session_max_h * 3_600,
        anonymous_role=None if role is None else Role(role),
    )


def with_first_user(installation: Installation, config: AccessConfig) -> AccessConfig:
    """`config`, whose database has a user `admin` with every role, where it had no user at all."""
    access = open_access(config)
    try:
        if not access.users.all():
            access.users.add(FIRST_USER, [*Role], installation.secret(PASSWORD_SECRET))
    except UserRefused:
        if not access.users.all():  # else the other of two dashboards was first
            raise
    finally:
        access.close()
    return config


@dataclass(frozen=True, slots=True)
class FirstSignIn:
    """How to sign in to an installation as its first user, and where the password is."""

    user: str
    password_file: Path | None
    password: str = field(repr=False)


def first_sign_in(installation: Installation) -> FirstSignIn | None:
    """None where the first user is gone, or has another password than the first."""
    access = access_of(installation)
    try:
        found = [user for user in access.users.all() if user.name == FIRST_USER]
    finally:
        access.close()
    if not found or found[0].password_changed_at != found[0].created_at:
        return None
    given = installation.settings.dashboard_admin_password
    file = None if given else installation.data / "secrets" / PASSWORD_SECRET
    return FirstSignIn(FIRST_USER, file, installation.secret(PASSWORD_SECRET))


def access_of(installation: Installation) -> Access:
    """The users, sessions and tokens of an installation. The caller closes it."""
    return open_access(access_config(installation))


def program_token(installation: Installation, purpose: str) -> str:
    """A token of the first user for a program that runs for a day at most. Raises UserRefused."""
    access = access_of(installation)
    try:
        return access.tokens.make(FIRST_USER, purpose, timedelta(days=1))[1]
    finally:
        access.close()
