"""Sessions of people with a browser: kept here, so that they end when they should."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

from dashboards.access.config import AccessConfig
from dashboards.access.database import AccessDatabase
from dashboards.access.roles import User
from dashboards.access.users import kept_roles, read_kept_roles

_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class Session:
    """Someone's session. `csrf_token`: what their page says with everything that changes something.

    ends_in_s: Seconds until it ends if nobody touches the page meanwhile.
    """

    user: User
    csrf_token: str
    ends_in_s: float


class Sessions:
    """The sessions in the database: of each the hash of its secret, which only the browser has."""

    def __init__(
        self, database: AccessDatabase, config: AccessConfig, now_s: Callable[[], float] = time.time
    ) -> None:
        """`now_s`: seconds since 1970 by the wall clock; sessions outlive the process."""
        self._database = database
        self._config = config
        self._now_s = now_s

    def begin(self, user: User, *, is_local: bool) -> str:
        """Make a session; returns its secret for the cookie. A local user's ends with the user."""
        secret, now_s = secrets.token_urlsafe(_SECRET_BYTES), self._now_s()
        csrf_token = secrets.token_urlsafe(_SECRET_BYTES)
        local_user = user.name if is_local else None
        row = (_hash(secret), user.name, local_user, kept_roles(user.roles), csrf_token, now_s, now_s)
        with self._database.writing() as connection:
            connection.execute(
                "DELETE FROM sessions WHERE seen_s < ? OR signed_in_s < ?",
                (now_s - self._config.idle_s, now_s - self._config.longest_s),
            )
            connection.execute("INSERT INTO sessions VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        return secret

    def find(self, secret: str) -> Session | None:
        """The session of this secret, where it has not ended. A local user has the roles of this moment."""
        with self._database.reading() as connection:
            row = connection.execute(
                "SELECT sessions.user, coalesce(users.roles, sessions.roles), csrf_token, signed_in_s, seen_s"
                " FROM sessions LEFT JOIN users ON users.name = local_user WHERE secret_sha256 = ?",
                (_hash(secret),),
            ).fetchone()
        if row is None:
            return None
        user, roles, csrf_token, signed_in_s, seen_s = row
        ends_s = min(seen_s + self._config.idle_s, signed_in_s + self._config.longest_s)
        if ends_s <= self._now_s():
            return None
        return Session(User(user, read_kept_roles(roles)), csrf_token, ends_s - self._now_s())

    def touch(self, secret: str) -> None:
        """Someone is at the page: the idle time begins anew."""
        with self._database.writing() as connection:
            connection.execute(
                "UPDATE sessions SET seen_s = ? WHERE secret_sha256 = ?", (self._now_s(), _hash(secret))
            )

    def end(self, secret: str) -> None:
        """Sign out."""
        with self._database.writing() as connection:
            connection.execute("DELETE FROM sessions WHERE secret_sha256 = ?", (_hash(secret),))


def _hash(secret: str) -> bytes:
    # 256 random bits cannot be guessed: nothing slow is needed to guard them.
    return sha256(secret.encode()).digest()
