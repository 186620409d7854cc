"""The forecasts: when each open exam will be done, and whether it will miss its target."""

from __future__ import annotations

from functools import partial
from zoneinfo import ZoneInfo

from processors.predictions.config import ForecastConfig
from processors.predictions.service import serve
from runtime.installation import Installation
from runtime.predictions.in_use import InstallationModels
from schemas.metrics_file import write_metrics


def run(installation: Installation) -> None:
    """Run until SIGTERM or SIGINT."""
    models = InstallationModels(installation)
    config = ForecastConfig(
        kafka_bootstrap=installation.kafka_bootstrap,
        registry_url=installation.registry_url,
        zone=ZoneInfo(installation.settings.zone),
        now=installation.now(),
        in_use=models.in_use,
        version_in_use=models.version_in_use,
        recent=models.recent,
        tell=partial(write_metrics, installation.metrics_path("predictions")),
        clock_speed=installation.clock().speed,
    )
    serve(config, installation.announcer("predictions"))
