"""What the ClickHouse sink is told: for the sink, and for who makes its tables before it."""

from __future__ import annotations

from runtime.installation import Installation
from runtime.lag import SINK_GROUP
from sinks.clickhouse.config import ClickHouseSinkConfig


def clickhouse_sink_config(installation: Installation) -> ClickHouseSinkConfig:
    """The sink's config from the settings."""
    settings = installation.settings
    return ClickHouseSinkConfig(
        kafka_bootstrap=installation.kafka_bootstrap,
        registry_url=installation.registry_url,
        clickhouse_url=installation.clickhouse_url,
        clickhouse_user=settings.clickhouse_user,
        clickhouse_password=installation.secret("clickhouse_password"),
        database=settings.clickhouse_database,
        group_id=SINK_GROUP,
        instance_id="sink-0",
        key_ring=installation.key_ring_config(),
        site=settings.site,
        zone=settings.zone,
        cluster=settings.clickhouse_cluster,
        keep_days=settings.clickhouse_keep_days,
    )
