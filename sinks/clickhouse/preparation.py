"""Everything that has to be in ClickHouse before the first row comes."""

from __future__ import annotations

from clickhouse_connect.driver.client import Client

from sinks.clickhouse.client import connect
from sinks.clickhouse.config import ClickHouseSinkConfig
from sinks.clickhouse.daily import forget_zones
from sinks.clickhouse.definitions import define
from sinks.clickhouse.migrate import migrate
from sinks.clickhouse.retention import apply_retention
from sinks.clickhouse.view_comments import comment_views

# To make the table of ten years anew takes a while. No partition waits: nothing is read from Kafka yet.
_MIGRATION_TIMEOUT_S = 6 * 3600


def prepare_tables(config: ClickHouseSinkConfig) -> None:
    """`prepare` over a connection of its own, which waits for as long as a migration takes."""
    where = (config.clickhouse_url, config.clickhouse_user, config.clickhouse_password, config.database)
    client = connect(*where, answer_timeout_s=_MIGRATION_TIMEOUT_S)
    try:
        prepare(client, config)
    finally:
        client.close()


def prepare(client: Client, config: ClickHouseSinkConfig) -> None:
    """Database, tables, views with their comments, definitions, and how long rows are kept.

    Leaves `client` in the database. Safe to repeat.
    Raises MigrationChanged, InvalidMigration, or the driver's error.
    """
    migrate(client, config.database, config.cluster)
    comment_views(client, config.cluster)
    define(client, config)
    forget_zones(client)
    apply_retention(client, config)
