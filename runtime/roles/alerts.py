"""The alerts: which intervals miss their target, or are about to."""

from __future__ import annotations

from processors.alerts.config import AlertsConfig
from processors.alerts.service import serve
from runtime.installation import Installation
from runtime.targets import targets_file


def run(installation: Installation) -> None:
    """Run until SIGTERM or SIGINT."""
    config = AlertsConfig(
        kafka_bootstrap=installation.kafka_bootstrap,
        registry_url=installation.registry_url,
        site=installation.settings.site,
        targets_file=targets_file(installation),
        now=installation.now(),
        clock_speed=installation.clock().speed,
    )
    serve(config, installation.announcer("alerts"))
