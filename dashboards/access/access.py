"""The parts of access that a dashboard has: one database, and what is kept in it."""

from __future__ import annotations

from dataclasses import dataclass

from dashboards.access.config import AccessConfig
from dashboards.access.database import AccessDatabase
from dashboards.access.sessions import Sessions
from dashboards.access.tokens import Tokens
from dashboards.access.users import LocalUsers


@dataclass(frozen=True, slots=True)
class Access:
    """Users, their sessions and their programs' tokens."""

    config: AccessConfig
    database: AccessDatabase
    users: LocalUsers
    sessions: Sessions
    tokens: Tokens

    def close(self) -> None:
        """End the connection."""
        self.database.close()


def open_access(config: AccessConfig) -> Access:
    """Opens the database, made where it is missing. Raises sqlite3.Error, OSError."""
    database = AccessDatabase(config.database)
    return Access(
        config=config,
        database=database,
        users=LocalUsers(database),
        sessions=Sessions(database, config),
        tokens=Tokens(database),
    )
