"""The ClickHouse sink."""

from __future__ import annotations

import gc
from functools import partial

from runtime.clickhouse_sink import clickhouse_sink_config
from runtime.installation import Installation
from schemas.metrics_file import write_metrics
from sinks.clickhouse.service import serve

# A batch is tens of thousands of messages, none of which refers to another: look for cycles seldom.
_GC_THRESHOLDS = (50_000, 50, 50)


def run(installation: Installation) -> None:
    """Run until SIGTERM or SIGINT."""
    gc.freeze()  # what was imported stays: no need to look through it again and again
    gc.set_threshold(*_GC_THRESHOLDS)
    config = clickhouse_sink_config(installation)
    serve(config, installation.announcer("sink"), partial(write_metrics, installation.metrics_path("sink")))
