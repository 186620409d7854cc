"""Numbered SQL migrations: applied once each, in order, and never changed after that."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog
from clickhouse_connect.driver.client import Client

from sinks.clickhouse.cluster import on_cluster
from sinks.clickhouse.errors import InvalidMigration, MigrationChanged

MIGRATIONS_DIR = Path(__file__).parent / "migrations"

log = structlog.get_logger(__name__)

_FILE_NAME = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")
_DATABASE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_TOKEN = re.compile(
    r"""(?P<comment>--[^\n]*|/\*.*?\*/)
      | (?P<quoted>'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.)*"|`(?:[^`\\]|\\.)*`)
      | (?P<end>;)
      | (?P<open>['"`]|/\*)
      | (?P<text>[^-/'"`;]+|.)""",
    re.VERBOSE | re.DOTALL,
)
# Two processes may migrate at the same time: both apply the same idempotent statements, and the two rows
# of one version become one.
_SCHEMA_MIGRATIONS = """CREATE TABLE IF NOT EXISTS schema_migrations
(
    version UInt32 COMMENT 'Number of the migration',
    name String COMMENT 'Its name',
    sha256 String COMMENT 'SHA-256 of its file, 64 hexadecimal digits',
    applied_at DateTime64(6, 'UTC') DEFAULT now64(6, 'UTC') COMMENT 'When it was applied'
)
ENGINE = ReplacingMergeTree
ORDER BY version
COMMENT 'Migrations that were applied'"""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file of `migrations/`."""

    version: int
    name: str
    sha256: str
    statements: tuple[str, ...]


def migrate(client: Client, database: str, cluster: str | None = None) -> list[Migration]:
    """Make `database` and apply what it lacks; what was applied now. Leaves `client` in that database.

    cluster: The cluster that all of it is made on, replicated; None: on this server alone.
    Raises MigrationChanged, InvalidMigration, or the driver's error of a statement that fails; the
    statements of a migration are idempotent, so the next start goes on where this one stopped.
    """
    if not _DATABASE_NAME.fullmatch(database):
        raise InvalidMigration(f"{database!r} is no name for a database: letters, digits and _ only")
    client.command(on_cluster(f"CREATE DATABASE IF NOT EXISTS `{database}`", cluster), use_database=False)
    client.database = database
    client.command(on_cluster(_SCHEMA_MIGRATIONS, cluster))
    rows = client.query("SELECT version, sha256 FROM schema_migrations FINAL").result_rows
    pending = outstanding(load(MIGRATIONS_DIR), {int(version): str(digest) for version, digest in rows})
    for migration in pending:
        _apply(client, migration, cluster)
    return pending


def outstanding(migrations: Sequence[Migration], applied: dict[int, str]) -> list[Migration]:
    """Those not applied yet. Raises MigrationChanged where an applied one reads differently now."""
    for migration in migrations:
        if applied.get(migration.version, migration.sha256) != migration.sha256:
            raise MigrationChanged(
                f"migration {migration.version:04}_{migration.name} was changed after it was applied: "
                "undo the change and add a new migration instead"
            )
    return [migration for migration in migrations if migration.version not in applied]


def load(directory: Path) -> list[Migration]:
    """The migrations in `directory` by version, which count 1, 2, 3, ... Raises InvalidMigration."""
    migrations = [_read(path) for path in sorted(directory.glob("*.sql"))]
    if [m.version for m in migrations] != list(range(1, len(migrations) + 1)):
        raise InvalidMigration(f"the numbers in {directory} must be 0001, 0002, ... without gap or repeat")
    return migrations


def split_statements(sql: str) -> list[str]:
    """The statements in `sql`, without comments; a semicolon in quotes or a comment ends nothing."""
    return [statement for text in _split(sql) if (statement := text.strip())]


def _split(sql: str) -> Iterator[str]:
    statement: list[str] = []
    for token in _TOKEN.finditer(sql):
        if token.lastgroup == "open":
            raise InvalidMigration(f"{token.group()} at character {token.start()} is never closed")
        if token.lastgroup == "end":
            yield "".join(statement)
            statement = []
        else:
            statement.append(" " if token.lastgroup == "comment" else token.group())
    yield "".join(statement)


def _read(path: Path) -> Migration:
    found = _FILE_NAME.fullmatch(path.name)
    if not found:
        raise InvalidMigration(f"{path.name} is not named NNNN_name.sql")
    content = path.read_bytes()
    statements = tuple(split_statements(content.decode()))
    return Migration(int(found[1]), found[2], hashlib.sha256(content).hexdigest(), statements)


def _apply(client: Client, migration: Migration, cluster: str | None) -> None:
    for statement in migration.statements:
        client.command(on_cluster(statement, cluster))
    client.insert(
        "schema_migrations",
        [[migration.version, migration.name, migration.sha256]],
        column_names=["version", "name", "sha256"],
    )
    log.info("migration_applied", version=migration.version, name=migration.name)
