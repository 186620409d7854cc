"""The embedded engine: one per directory, opened once, with as many connections as are wanted."""

from __future__ import annotations

import fcntl
import os
import shutil
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from runtime.local.clickhouse.config import MEBIBYTE, ClickHouseConfig, base_settings, engine_settings
from runtime.local.clickhouse.connection import Connection, quoted, quoted_name
from runtime.local.clickhouse.errors import StartError

MIN_FREE_BYTES: Final = 64 * MEBIBYTE


class Engine:
    """The open engine. Raises StartError if the directory is unusable, in use, or damaged."""

    def __init__(self, config: ClickHouseConfig) -> None:
        self._config = config
        self._base = base_settings(config)
        self.spool = config.spool_path
        self._guard = threading.Lock()
        _prepare(config)
        self._lock = _lock(config.directory)
        try:
            # The engine lives as long as one connection does: this one is never lent.
            self._anchor = self._open_first()
            self.timezone = self._ask("SELECT timezone()")
            self.version = self._ask("SELECT version()")
        except BaseException:
            self._lock.close()
            raise

    def connect(self) -> Connection:
        """A new connection in the configured database (about 2 ms)."""
        return Connection(self._address, self._base, self._config.database)

    def cancel(self, text: str) -> None:
        """Cancel the statements that hold this text; each fails with code 394 (QUERY_WAS_CANCELLED)."""
        with self._guard:
            self._anchor.query(f"KILL QUERY WHERE position(query, {quoted(text)}) > 0 ASYNC")

    def close(self) -> None:
        """Close the engine and release the directory."""
        self._anchor.close()
        self._lock.close()

    @property
    def _address(self) -> str:
        # `config-file` has to be spelled with a hyphen: the underscore is ignored without a word.
        return f"{self._config.engine_path}?config-file={self._config.settings_path}"

    def _open_first(self) -> Connection:
        with _native_stderr() as said:
            try:
                anchor = Connection(self._address, self._base, "default")
                # `default` is an overlay database: tables belong into one of our own.
                anchor.query(
                    f"CREATE DATABASE IF NOT EXISTS {quoted_name(self._config.database)} ENGINE = Atomic"
                )
                self._load_tables(anchor)
            except Exception as error:  # whatever the engine raises, the advice is the same
                raise _damaged(self._config, f"{error}\n{_tail(said)}") from error
        return anchor

    @staticmethod
    def _load_tables(anchor: Connection) -> None:
        """Touch every table: they load lazily, and a damaged one should stop the start, not a later query."""
        anchor.query("SELECT sum(total_rows) FROM system.tables WHERE engine LIKE '%MergeTree'")

    def _ask(self, sql: str) -> str:
        return self._anchor.query(sql).bytes().decode().strip()


def _prepare(config: ClickHouseConfig) -> None:
    try:
        for path in (config.engine_path, config.spool_path):
            path.mkdir(parents=True, exist_ok=True)
        for left_over in config.spool_path.iterdir():
            left_over.unlink()
        config.settings_path.write_text(engine_settings(config), encoding="utf-8")
        free = shutil.disk_usage(config.directory).free
    except OSError as error:
        message = (
            f"cannot write to {config.directory}: {error.strerror}. "
            "Free space, make it writable, or choose another data directory."
        )
        raise StartError(message) from error
    if free < MIN_FREE_BYTES:
        message = (
            f"only {free // MEBIBYTE} MiB are free under {config.directory}: ClickHouse needs at least "
            f"{MIN_FREE_BYTES // MEBIBYTE} MiB. Free space, or choose another data directory."
        )
        raise StartError(message)


def _lock(directory: Path) -> IO[str]:
    """Hold the directory: a second engine on the same data would damage it."""
    lock = (directory / "lock").open("a+", encoding="ascii")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.seek(0)
        holder = lock.read().strip() or "unknown"
        lock.close()
        message = (
            f"{directory} is in use by process {holder}. "
            "Stop that one (radstream down), or choose another data directory."
        )
        raise StartError(message) from error
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock


@contextmanager
def _native_stderr() -> Iterator[IO[bytes]]:
    """What the engine's native code writes to descriptor 2 meanwhile: it gives its reasons nowhere else."""
    sys.stderr.flush()
    saved = os.dup(2)
    with tempfile.TemporaryFile() as said:
        os.dup2(said.fileno(), 2)
        try:
            yield said
        finally:
            os.dup2(saved, 2)
            os.close(saved)


def _tail(said: IO[bytes], limit: int = 2000) -> str:
    said.seek(0)
    return said.read().decode(errors="replace")[-limit:].strip()


def _damaged(config: ClickHouseConfig, reason: str) -> StartError:
    return StartError(
        f"ClickHouse cannot open {config.engine_path}: {reason.strip()}\n"
        f"If the data are damaged: move {config.directory} aside (keep it) and start again; "
        "the tables are then rebuilt from the event log."
    )
