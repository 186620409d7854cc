"""Tokens of programs (RFC 6750): made by `radstream user token`, kept as hashes, each with an end."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from dashboards.access.database import AccessDatabase
from dashboards.access.roles import User
from dashboards.access.users import UserRefused, read_kept_roles

# Scanners for leaked secrets know one by its beginning.
_PREFIX = "radstream_"


@dataclass(frozen=True, slots=True)
class Token:
    """A token as it is kept. Times are UTC."""

    token_id: str
    user: str
    label: str
    created_at: datetime
    expires_at: datetime


class Tokens:
    """The tokens in the database."""

    def __init__(self, database: AccessDatabase) -> None:
        """Nothing is read before the first question."""
        self._database = database

    def make(self, user: str, label: str, lasts: timedelta) -> tuple[Token, str]:
        """A token of `user`, and its secret, which is kept nowhere. Raises UserRefused."""
        secret, now = _PREFIX + secrets.token_urlsafe(32), datetime.now(UTC)
        token = Token(secrets.token_hex(4), user, label, now, now + lasts)
        with self._database.writing() as connection:
            if connection.execute("SELECT 1 FROM users WHERE name = ?", (user,)).fetchone() is None:
                raise UserRefused(f"there is no user {user}: make one with `radstream user add`")
            times = (token.created_at.isoformat(), token.expires_at.isoformat())
            row = (token.token_id, _hash(secret), user, label, *times)
            connection.execute("INSERT INTO tokens VALUES (?, ?, ?, ?, ?, ?)", row)
        return token, secret

    def user_of(self, secret: str) -> User | None:
        """Whose token it is, with the roles of this moment; None where there is none, or it has expired."""
        with self._database.reading() as connection:
            row = connection.execute(
                "SELECT name, roles, expires_at FROM tokens JOIN users ON name = user"
                " WHERE secret_sha256 = ?",
                (_hash(secret),),
            ).fetchone()
        if row is None or datetime.fromisoformat(row[2]) <= datetime.now(UTC):
            return None
        return User(row[0], read_kept_roles(row[1]))

    def all(self) -> list[Token]:
        """Every token, also those that have expired."""
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT token_id, user, label, created_at, expires_at FROM tokens ORDER BY user, created_at"
            ).fetchall()
        return [Token(*row[:3], *map(datetime.fromisoformat, row[3:])) for row in rows]

    def revoke(self, token_id: str) -> None:
        """It is no longer taken. Raises UserRefused."""
        with self._database.writing() as connection:
            if connection.execute("DELETE FROM tokens WHERE token_id = ?", (token_id,)).rowcount == 0:
                raise UserRefused(f"there is no token {token_id}")


def _hash(secret: str) -> bytes:
    return sha256(secret.encode()).digest()
