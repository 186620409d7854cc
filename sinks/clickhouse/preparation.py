"""Everything that has to be in ClickHouse before the first row comes."""

from __future__ import annotations

from clickhouse_connect.driver.client import Client

from sinks.clickhouse.config import ClickHouseSinkConfig
from sinks.clickhouse.definitions import define
from sinks.clickhouse.migrate import migrate
from sinks.clickhouse.retention import apply_retention
from sinks.clickhouse.view_comments import comment_views


def prepare(client: Client, config: ClickHouseSinkConfig) -> None:
    """Database, tables, views with their comments, definitions, and how long rows are kept.

    Leaves `client` in the database. Safe to repeat.
    Raises MigrationChanged, InvalidMigration, or the driver's error.
    """
    migrate(client, config.database, config.cluster)
    comment_views(client, config.cluster)
    define(client, config)
    apply_retention(client, config)
