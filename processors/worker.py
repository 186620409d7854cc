"""Runs the fold as a process."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import Any

import faust
import structlog
import uvloop

from processors.agent import EXIT_UNABLE
from processors.app import create_app
from processors.config import APP_ID, FoldConfig
from processors.fold_metrics import FoldMetrics, MetricsFile
from processors.watchdog import start_watchdog
from schemas.keyring_config import open_key_ring
from schemas.registry import connect_codec
from schemas.topics import EVENTS

log = structlog.get_logger("fold")


def serve(config: FoldConfig, ready: Callable[[], None] | None = None) -> None:
    """Run the worker until SIGTERM or SIGINT; `ready` is called when its table has recovered.

    Ends the process (exit code 0 after a clean stop).
    """
    codec = connect_codec(config.registry_url)
    ring = open_key_ring(config.key_ring)
    loop = uvloop.new_event_loop()
    asyncio.set_event_loop(loop)
    metrics = FoldMetrics(config.worker_name)
    if config.metrics_file is not None:
        MetricsFile(config.metrics_file, metrics).start()
    app = create_app(config, codec, ring, metrics)
    if ready is not None:
        _announce(app, ready)
    start_watchdog(
        config.kafka_bootstrap, APP_ID, EVENTS, config.stalled_after_s, lambda: os._exit(EXIT_UNABLE)
    )
    worker = faust.Worker(app, loop=loop, loglevel="WARNING", quiet=True, redirect_stdouts=False)
    worker.execute_from_commandline()


def _announce(app: faust.App, ready: Callable[[], None]) -> None:
    async def recovered(*_: Any, **__: Any) -> None:
        log.info("fold_ready")
        ready()

    app.on_partitions_assigned.connect(recovered)
