"""The fold: events to the worklist and turnaround views."""

from __future__ import annotations

from processors.clock_bounds import ClockBounds
from processors.config import FoldConfig
from processors.worker import serve
from runtime.installation import Installation


def run(installation: Installation) -> None:
    """Run until SIGTERM or SIGINT."""
    settings = installation.settings
    config = FoldConfig(
        kafka_bootstrap=installation.kafka_bootstrap,
        registry_url=installation.registry_url,
        state_directory=installation.data / "fold",
        partitions=settings.kafka_partitions,
        key_ring=installation.key_ring_config(),
        site=settings.site,
        now=installation.now(),
        metrics_file=installation.metrics_path("fold"),
        clock_bounds=ClockBounds.of(settings.clock_ahead_s, settings.clock_behind_days),
    )
    serve(config, installation.announcer("fold"))
