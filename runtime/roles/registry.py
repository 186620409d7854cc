"""The local schema registry."""

from __future__ import annotations

from runtime.installation import Installation
from runtime.local.registry.config import RegistryConfig
from runtime.local.registry.server import serve


def run(installation: Installation) -> None:
    """Run until SIGTERM or SIGINT."""
    settings = installation.settings
    serve(
        RegistryConfig(
            host=settings.host, port=settings.registry_port, directory=installation.data / "registry"
        )
    )
