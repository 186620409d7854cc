"""Local users: a name, roles, and the Argon2id hash of a password (RFC 9106)."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from dashboards.access.database import AccessDatabase
from dashboards.access.roles import Role, User, read_roles

# NIST SP 800-63B, section 5.1.1.2: length, and no rules about the kinds of characters.
LEAST_PASSWORD_CHARACTERS, MOST_PASSWORD_CHARACTERS = 12, 1_024
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")


class UserRefused(ValueError):
    """A user cannot be made or changed like this; the text says why."""


@dataclass(frozen=True, slots=True)
class LocalUser:
    """A user as they are kept. Times are UTC."""

    name: str
    roles: frozenset[Role]
    created_at: datetime
    password_changed_at: datetime


class LocalUsers:
    """The users in the database."""

    def __init__(self, database: AccessDatabase) -> None:
        """Passwords are hashed as RFC 9106 recommends for machines with less memory: 64 MiB."""
        self._database = database
        self._hasher = PasswordHasher()

    def all(self) -> list[LocalUser]:
        """Every user by name."""
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT name, roles, created_at, password_changed_at FROM users ORDER BY name"
            ).fetchall()
        return [
            LocalUser(row[0], read_kept_roles(row[1]), *map(datetime.fromisoformat, row[2:4])) for row in rows
        ]

    def add(self, name: str, roles: Collection[Role], password: str) -> None:
        """Make a user. Raises UserRefused."""
        if not _NAME.fullmatch(name):
            raise UserRefused("a name has up to 64 letters, digits, dots, dashes, underscores and @")
        if not roles:
            raise UserRefused(f"a user needs a role: {', '.join(Role)}")
        hashed, now = self._hashed(password), datetime.now(UTC).isoformat()
        try:
            with self._database.writing() as connection:
                connection.execute(
                    "INSERT INTO users VALUES (?, ?, ?, ?, ?)", (name, kept_roles(roles), hashed, now, now)
                )
        except sqlite3.IntegrityError:
            raise UserRefused(f"there is a user {name} already") from None

    def remove(self, name: str) -> None:
        """Take a user away, with their sessions and tokens. Raises UserRefused."""
        with self._database.writing() as connection:
            if connection.execute("DELETE FROM users WHERE name = ?", (name,)).rowcount == 0:
                raise UserRefused(f"there is no user {name}")

    def set_roles(self, name: str, roles: Collection[Role]) -> None:
        """From their next request on the user has these roles. Raises UserRefused."""
        if not roles:
            raise UserRefused(f"a user needs a role: {', '.join(Role)}")
        with self._database.writing() as connection:
            said = (kept_roles(roles), name)
            if connection.execute("UPDATE users SET roles = ? WHERE name = ?", said).rowcount == 0:
                raise UserRefused(f"there is no user {name}")

    def set_password(self, name: str, password: str) -> None:
        """Give a user another password; their sessions end, their tokens stay. Raises UserRefused."""
        hashed, now = self._hashed(password), datetime.now(UTC).isoformat()
        with self._database.writing() as connection:
            changed = connection.execute(
                "UPDATE users SET password_hash = ?, password_changed_at = ? WHERE name = ?",
                (hashed, now, name),
            )
            if changed.rowcount == 0:
                raise UserRefused(f"there is no user {name}")
            connection.execute("DELETE FROM sessions WHERE local_user = ?", (name,))

    def verify(self, name: str, password: str) -> User | None:
        """The user, where the password is theirs. As slow for a name that there is none of."""
        with self._database.reading() as connection:
            row = connection.execute(
                "SELECT roles, password_hash FROM users WHERE name = ?", (name,)
            ).fetchone()
        try:
            self._hasher.verify(self._nobodys_hash if row is None else row[1], password)
        except (VerificationError, InvalidHashError):
            return None
        return None if row is None else User(name, read_kept_roles(row[0]))

    def is_known(self, name: str) -> bool:
        """Whether there is a user of this name."""
        with self._database.reading() as connection:
            found = connection.execute("SELECT 1 FROM users WHERE name = ?", (name,)).fetchone()
        return found is not None

    @cached_property
    def _nobodys_hash(self) -> str:
        """Who asks for a name that there is none of waits as long as for a wrong password."""
        return self._hasher.hash("nobody's password")

    def _hashed(self, password: str) -> str:
        if not LEAST_PASSWORD_CHARACTERS <= len(password) <= MOST_PASSWORD_CHARACTERS:
            raise UserRefused(f"a password has at least {LEAST_PASSWORD_CHARACTERS} characters")
        return self._hasher.hash(password)


def kept_roles(roles: Collection[Role]) -> str:
    """Roles as the database has them."""
    return ",".join(role for role in Role if role in roles)


def read_kept_roles(kept: str) -> frozenset[Role]:
    """Roles out of the database."""
    return read_roles(filter(None, kept.split(",")))
