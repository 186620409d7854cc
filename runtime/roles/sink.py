"""The ClickHouse sink."""

from __future__ import annotations

from runtime.installation import Installation
from runtime.lag import SINK_GROUP
from sinks.clickhouse.config import ClickHouseSinkConfig
from sinks.clickhouse.service import serve


def run(installation: Installation) -> None:
    """Run until SIGTERM or SIGINT."""
    settings = installation.settings
    config = ClickHouseSinkConfig(
        kafka_bootstrap=installation.kafka_bootstrap,
        registry_url=installation.registry_url,
        clickhouse_url=installation.clickhouse_url,
        clickhouse_user=settings.clickhouse_user,
        clickhouse_password=installation.secret("clickhouse_password"),
        database=settings.clickhouse_database,
        group_id=SINK_GROUP,
        instance_id="sink-0",
        key_ring=installation.key_ring_config(),
    )
    serve(config, installation.announcer("sink"))
