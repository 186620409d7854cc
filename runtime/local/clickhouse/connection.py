"""One connection of the embedded engine, with the settings and the database that live in it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final, Protocol, cast

import orjson
from chdb.state.sqlitelike import Connection as EngineConnection

from runtime.local.clickhouse.errors import ClickHouseError, engine_error, refused

_SETTING_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


class Result(Protocol):
    """What the engine's results tell."""

    def bytes(self) -> bytes: ...
    def rows_read(self) -> int: ...
    def bytes_read(self) -> int: ...
    def rows_written(self) -> int: ...
    def bytes_written(self) -> int: ...
    def storage_rows_read(self) -> int: ...
    def storage_bytes_read(self) -> int: ...


def quoted(value: str) -> str:
    """A string literal."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def quoted_name(name: str) -> str:
    """An identifier."""
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


class Connection:
    """One connection, used by one thread at a time.

    The engine takes no settings per statement where they matter (inserts, DDL), so a request's settings are
    set before and put back after it. `reusable` turns false once that cannot be done.
    """

    def __init__(self, address: str, base: Mapping[str, str], database: str) -> None:
        self.reusable = True
        self.home = database
        self._raw = EngineConnection(address)
        self._base = base
        self._changed_by_user = False
        self._database: str | None = None
        self._set(base)
        self.use(database)

    def query(
        self, sql: str | bytes, output_format: str = "TabSeparated", params: Mapping[str, str] | None = None
    ) -> Result:
        """Run one statement to its end. Raises ClickHouseError."""
        try:
            # The engine takes bytes as well, for statements that are not UTF-8.
            return cast("Result", self._raw.query(cast("str", sql), output_format, params=dict(params or {})))
        except RuntimeError as error:  # the engine's one error type
            raise engine_error(error) from error

    def use(self, database: str) -> None:
        """Make `database` the current one."""
        self.query(f"USE {quoted_name(database)}")
        self._database = database

    def user_changed_state(self) -> None:
        """A SET or USE came from the user: nothing that was known about this connection still holds."""
        self._changed_by_user = True
        self._database = None

    @contextmanager
    def scope(self, settings: Mapping[str, str], database: str | None) -> Iterator[None]:
        """These settings and this database within the block, the former ones after it."""
        former = self._former(settings)
        home = self._current_database() if database else None
        if database and home != database:
            self.use(database)
        try:
            self._set(settings)
            yield
        finally:
            self._restore(former, home, database)

    def close(self) -> None:
        """Close it."""
        self._raw.close()

    def _restore(self, former: Mapping[str, str | None], home: str | None, database: str | None) -> None:
        try:
            self._set(former)
            if home is not None and home != database:
                self.use(home)
        except ClickHouseError:
            # For example: the statement dropped the former database. The next request gets a new connection.
            self.reusable = False

    def _current_database(self) -> str:
        if self._database is None:
            self._database = self.query("SELECT currentDatabase()").bytes().decode().rstrip("\n")
        return self._database

    def _former(self, settings: Mapping[str, str]) -> dict[str, str | None]:
        """The settings' values of before, None for the engine's default. Bound parameters have none."""
        names = [name for name in settings if not name.startswith("param_")]
        if not self._changed_by_user or not names:
            return {name: self._base.get(name) for name in names}
        listed = ", ".join(quoted(name) for name in names)
        rows = self.query(
            f"SELECT name, value FROM system.settings WHERE changed AND name IN ({listed})",  # noqa: S608 quoted
            "JSONCompactEachRow",
        )
        changed: dict[str, str] = dict(orjson.loads(row) for row in rows.bytes().splitlines())
        return {name: changed.get(name) for name in names}

    def _set(self, settings: Mapping[str, str | None]) -> None:
        if not settings:
            return
        for name in settings:
            if not _SETTING_NAME.match(name):
                raise refused(115, "UNKNOWN_SETTING", f"Unknown setting {name!r}")
        values = (
            f"{name} = {'DEFAULT' if value is None else quoted(value)}" for name, value in settings.items()
        )
        self.query("SET " + ", ".join(values))
