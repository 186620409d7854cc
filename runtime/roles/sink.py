"""The ClickHouse sink."""

from __future__ import annotations

import gc
from functools import partial

from runtime.installation import Installation
from runtime.lag import SINK_GROUP
from runtime.metrics_file import write_metrics
from sinks.clickhouse.config import ClickHouseSinkConfig
from sinks.clickhouse.service import serve

# A batch is tens of thousands of messages, none of which refers to another: look for cycles seldom.
_GC_THRESHOLDS = (50_000, 50, 50)


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
        site=settings.site,
        zone=settings.zone,
        cluster=settings.clickhouse_cluster,
        keep_days=settings.clickhouse_keep_days,
    )
    gc.freeze()  # what was imported stays: no need to look through it again and again
    gc.set_threshold(*_GC_THRESHOLDS)
    serve(config, installation.announcer("sink"), partial(write_metrics, installation.metrics_path("sink")))
