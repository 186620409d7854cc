"""The reconciler: studies to their orders, merged patients to their exams."""

from __future__ import annotations

from processors.reconciler.config import ReconcilerConfig
from processors.reconciler.service import serve
from runtime.installation import Installation


def run(installation: Installation) -> None:
    """Run until SIGTERM or SIGINT."""
    config = ReconcilerConfig(
        kafka_bootstrap=installation.kafka_bootstrap,
        registry_url=installation.registry_url,
        state_directory=installation.data / "reconciler",
    )
    serve(config, installation.announcer("reconciler"))
