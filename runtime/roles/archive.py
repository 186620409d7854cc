"""The archive: every topic to the object store, chained and signed."""

from __future__ import annotations

from runtime.archive import archive_config
from runtime.installation import Installation
from sinks.archive.service import serve


def run(installation: Installation) -> None:
    """Run until SIGTERM or SIGINT."""
    serve(archive_config(installation), installation.announcer("archive"))
