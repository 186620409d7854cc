"""What access needs to know."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dashboards.access.oidc.config import OidcConfig
from dashboards.access.roles import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessConfig:
    """Who may sign in, and for how long.

    database: SQLite file with users, sessions and tokens; made at the first start, mode 0600.
    idle_s: A session ends when nobody has touched a page for so long.
    longest_s: A session ends so long after signing in, whatever happens.
    oidc: The OpenID provider where people sign in, too.
    anonymous_role: Who is not signed in has this role; None: has to sign in. Only `viewer` is taken.
    """

    database: Path
    idle_s: float = 1_800.0
    longest_s: float = 43_200.0
    anonymous_role: Role | None = None
    oidc: OidcConfig | None = None

    def __post_init__(self) -> None:
        if self.anonymous_role not in (None, Role.VIEWER):
            raise ValueError("the anonymous role can be viewer, or none: everyone else has to sign in")
