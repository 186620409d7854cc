"""Our own processes, one module each: from the installation to a room's frozen config, and its `serve`.

Rooms never read the environment; this is where it reaches them. A role's module is imported by its own
process alone, since each brings the libraries of one room with it.
"""

from __future__ import annotations

from importlib import import_module

from runtime.installation import Installation

ROLES = (
    "registry",
    "clickhouse",
    "fold",
    "reconciler",
    "alerts",
    "predictions",
    "sink",
    "archive",
    "hl7",
    "hl7-out",
    "dicom-out",
    "webhook",
    "audit-syslog",
    "dicom",
    "dicom-archive",
    "dashboard",
)


def run_role(role: str, installation: Installation) -> None:
    """Run one of `ROLES` until SIGTERM or SIGINT."""
    import_module(f"{__name__}.{role.replace('-', '_')}").run(installation)
