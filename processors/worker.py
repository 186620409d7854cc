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
from processors.watchdog import Assigned, Group, await_log, start_pause_guard, start_watchdog
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
    # The consumer's thread makes a loop of its own.
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    metrics = FoldMetrics(config.worker_name, wiped=list(config.wiped), rebuilt=list(config.rebuilt))
    if config.metrics_file is not None:
        MetricsFile(config.metrics_file, metrics).start()
    app = create_app(config, codec, ring, metrics)
    if ready is not None:
        _announce(app, ready)
    _watch_over(app, config)
    app.on_before_shutdown.connect(_leave, weak=False)
    await_log(config.kafka_bootstrap, EVENTS)
    quiet_worker(app, loop).execute_from_commandline()


def quiet_worker(app: faust.App, loop: asyncio.AbstractEventLoop) -> faust.Worker:
    """Faust's own worker without its spinner.

    The spinner turns with every record of a log, so with it all loggers make their debug records: a recovery
    makes one for each message of the changelog.
    """
    worker = faust.Worker(app, loop=loop, loglevel="WARNING", quiet=True, redirect_stdouts=False)
    worker.spinner = None
    return worker


def _announce(app: faust.App, ready: Callable[[], None]) -> None:
    async def recovered(*_: Any, **__: Any) -> None:
        log.info("fold_ready")
        ready()

    app.on_rebalance_complete.connect(recovered, weak=False)


def _watch_over(app: faust.App, config: FoldConfig) -> None:
    """End the process where it stands still or was paused for so long that others have its partitions."""
    assigned = Assigned(recovered=lambda: _recovered(app))

    async def note(*given: Any, **_: Any) -> None:
        _app, partitions = given
        assigned.partitions = frozenset(tp.partition for tp in partitions if tp.topic == EVENTS)

    def paused(gap_s: float) -> None:
        log.critical("fold_was_paused", seconds=round(gap_s, 1))
        os._exit(EXIT_UNABLE)

    app.on_partitions_assigned.connect(note, weak=False)
    start_pause_guard(config.session_timeout_s, paused)
    group = Group(config.kafka_bootstrap, APP_ID, EVENTS)
    start_watchdog(group, assigned, config.stalled_after_s, lambda: os._exit(EXIT_UNABLE))


async def _leave(*given: Any, **_: Any) -> None:
    """At a clean stop: commit what is folded, and leave the group, so that others take over at once.

    A static member does not leave by itself: the group would wait for it until its session is over.
    """
    (app,) = given
    await app.transport.settle()
    await app.consumer.commit()
    consumer = app.consumer._thread._consumer  # noqa: SLF001 - ADR 14
    if consumer is not None:  # it never came so far where Kafka was away
        consumer._coordinator._group_instance_id = None  # noqa: SLF001 - ADR 14


def _recovered(app: faust.App) -> int:
    """A number that grows while a recovery reads the changelog."""
    tables: Any = app.tables
    offsets = tables.recovery.active_offsets
    return sum(offset or 0 for offset in list(offsets.values()))
