"""The fold: events to the worklist and turnaround views."""

from __future__ import annotations

import re
import socket

from processors.clock_bounds import ClockBounds
from processors.config import FoldConfig
from processors.worker import serve
from runtime.installation import Installation, numbered
from runtime.rebuilding import await_rebuild, mended

_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9._-]")


def run(installation: Installation) -> None:
    """Run until SIGTERM or SIGINT."""
    settings = installation.settings
    name = numbered("fold", settings.fold_worker)
    config = FoldConfig(
        kafka_bootstrap=installation.kafka_bootstrap,
        registry_url=installation.registry_url,
        # Each worker has a table of its own: RocksDB lets one process in.
        state_directory=installation.data / name,
        partitions=settings.kafka_partitions,
        key_ring=installation.key_ring_config(),
        site=settings.site,
        now=installation.now(),
        metrics_file=installation.metrics_path(name),
        clock_bounds=ClockBounds.of(settings.clock_ahead_s, settings.clock_behind_days),
        worker_name=f"{_NOT_IN_A_NAME.sub('-', socket.gethostname())}-{name}",
        standby_replicas=settings.fold_standbys,
    )
    ready = installation.announcer(name)
    await_rebuild(installation, ready)
    serve(mended(installation, config, ready), ready)
