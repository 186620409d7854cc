"""Who may use the dashboard: where that is kept, and the first user of an installation."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from dashboards.access.access import Access, open_access
from dashboards.access.config import AccessConfig
from dashboards.access.oidc.config import OidcConfig
from dashboards.access.roles import Role
from dashboards.access.users import UserRefused
from runtime.installation import Installation

FIRST_USER = "admin"
PASSWORD_SECRET = "dashboard_admin_password"  # noqa: S105 - the name of a file


def access_config(installation: Installation) -> AccessConfig:
    """Of this installation's dashboard. Raises ValueError, which says what is wrong."""
    settings = installation.settings
    role = settings.dashboard_anonymous_role
    return AccessConfig(
        database=_database(installation),
        idle_s=settings.dashboard_session_idle_min * 60,
        longest_s=settings.dashboard_session_max_h * 3_600,
        anonymous_role=None if role is None else Role(role),
        oidc=_oidc(installation),
    )


def _oidc(installation: Installation) -> OidcConfig | None:
    settings = installation.settings
    if settings.oidc_issuer is None:
        return None
    return OidcConfig(
        issuer=settings.oidc_issuer,
        client_id=settings.oidc_client_id,
        client_secret=_oidc_secret(installation),
        role_of=read_role_map(settings.oidc_roles),
        roles_claim=settings.oidc_roles_claim,
        name_claim=settings.oidc_name_claim,
        scope=settings.oidc_scope,
        label=settings.oidc_label,
        ca_file=settings.oidc_ca_file,
    )


def _oidc_secret(installation: Installation) -> str:
    path = (
        installation.settings.oidc_client_secret_file or installation.data / "secrets" / "oidc_client_secret"
    )
    try:
        secret = path.read_text("utf-8").strip()
    except OSError as error:
        raise ValueError(f"the OpenID client's secret cannot be read: {error}") from error
    if not secret:
        raise ValueError(f"{path} is empty: it has to hold the OpenID client's secret")
    return secret


def read_role_map(said: str) -> dict[str, Role]:
    """`radiologists=clinician,it=admin` as a table. Raises ValueError, which names the setting."""
    table: dict[str, Role] = {}
    for entry in filter(None, (part.strip() for part in said.split(","))):
        value, _, role = entry.rpartition("=")
        try:
            table[value.strip()] = Role(role.strip())
        except ValueError:
            raise ValueError(f"RADSTREAM_OIDC_ROLES: {entry}: a role is one of {', '.join(Role)}") from None
        if not value.strip():
            raise ValueError(f"RADSTREAM_OIDC_ROLES: {entry}: write VALUE=ROLE")
    return table


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
    """None where the first user is gone or has another password than the first, or its file is gone."""
    access = access_of(installation)
    try:
        found = [user for user in access.users.all() if user.name == FIRST_USER]
    finally:
        access.close()
    if not found or found[0].password_changed_at != found[0].created_at:
        return None
    given = installation.settings.dashboard_admin_password
    file = None if given else installation.data / "secrets" / PASSWORD_SECRET
    if file is not None and not file.exists():
        return None  # taken away on purpose: a new one would not be the user's
    return FirstSignIn(FIRST_USER, file, installation.secret(PASSWORD_SECRET))


def access_of(installation: Installation) -> Access:
    """The users, sessions and tokens of an installation. The caller closes it."""
    return open_access(AccessConfig(database=_database(installation)))


def _database(installation: Installation) -> Path:
    return installation.data / "access" / "access.sqlite"


def program_token(installation: Installation, purpose: str) -> str:
    """A token of the first user for a program that runs for a day at most. Raises UserRefused."""
    access = access_of(installation)
    try:
        return access.tokens.make(FIRST_USER, purpose, timedelta(days=1))[1]
    finally:
        access.close()
