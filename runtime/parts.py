"""The parts of one installation: which processes run, in which order they start and stop."""

from __future__ import annotations

import sys
import urllib.error
import urllib.request
from dataclasses import replace
from functools import partial

from runtime.audit_syslog import read_repositories
from runtime.installation import Installation, has_announced, numbered
from runtime.outbound import read_destinations, read_dicom_destinations
from runtime.stack.part import Part
from runtime.webhooks import read_webhooks

STORES, PROCESSORS, LISTENERS, DEPARTMENT = range(4)
_PROBE_TIMEOUT_S = 1.0
# Faust leaves its group and closes its table in order; killing it instead would be harmless, but slower to
# start from again.
_STOP_GRACE_S = {PROCESSORS: 5.0, LISTENERS: 3.0}


def registry_part(installation: Installation) -> Part:
    """The local schema registry."""
    port = installation.settings.registry_port
    return Part(
        name="registry",
        command=role_command("registry"),
        env=installation.environment(),
        ports={"registry": port},
        ready=partial(_answers, f"{installation.registry_url}/subjects"),
        tier=STORES,
    )


def clickhouse_part(installation: Installation) -> Part:
    """The local ClickHouse server."""
    port = installation.settings.clickhouse_port
    return Part(
        name="clickhouse",
        command=role_command("clickhouse"),
        env=installation.environment(),
        ports={"clickhouse": port},
        ready=partial(_answers, f"{installation.clickhouse_url}/ping"),
        tier=STORES,
        stop_grace_s=6.0,
    )


def pipeline_parts(installation: Installation) -> list[Part]:
    """Our own processes: processors and sink first, so that listeners find them at work."""
    settings = installation.settings
    return [
        *fold_parts(installation),
        _role(installation, "reconciler", {}, PROCESSORS),
        _role(installation, "alerts", {}, PROCESSORS),
        _role(installation, "predictions", {}, PROCESSORS),
        _role(installation, "sink", {}, PROCESSORS),
        _role(installation, "archive", {}, PROCESSORS),
        *hl7_parts(installation),
        *outbound_parts(installation),
        _role(installation, "dicom-archive", {}, PROCESSORS),
        _role(installation, "dicom", {"dicom": settings.dicom_port}, LISTENERS),
        _role(installation, "dashboard", {"dashboard": settings.dashboard_port}, LISTENERS),
    ]


def fold_parts(installation: Installation) -> list[Part]:
    """The fold: one process, or several that share the partitions."""
    settings = installation.settings
    # One that finds no partition free would only wait for another to die.
    count = min(settings.fold_workers, settings.kafka_partitions)
    return _numbered(installation, _role(installation, "fold", {}, PROCESSORS), count)


def hl7_parts(installation: Installation) -> list[Part]:
    """The HL7 listener: one process, or several that share the port."""
    settings = installation.settings
    first = _role(installation, "hl7", {"hl7": settings.hl7_port}, LISTENERS)
    return _numbered(installation, first, settings.hl7_workers)


def _numbered(installation: Installation, first: Part, count: int) -> list[Part]:
    """`first`, and others like it: each knows its number, and says by itself that it serves."""
    number_setting = f"RADSTREAM_{first.name.upper()}_WORKER"
    others = [
        replace(
            first,
            name=numbered(first.name, number),
            env={**first.env, number_setting: str(number)},
            ready=partial(has_announced, installation.ready_path(numbered(first.name, number))),
        )
        for number in range(2, count + 1)
    ]
    return [first, *others]


def outbound_parts(installation: Installation) -> list[Part]:
    """The sinks that send to other systems, where there are any to send to. Raises DestinationsUnusable."""
    wanted = {
        "hl7-out": read_destinations(installation),
        "dicom-out": read_dicom_destinations(installation),
        "webhook": read_webhooks(installation),
        "audit-syslog": read_repositories(installation),
    }
    return [_role(installation, role, {}, PROCESSORS) for role, found in wanted.items() if found]


def role_command(role: str, *arguments: str) -> tuple[str, ...]:
    """The command line of one of our own processes."""
    return (sys.executable, "-m", "runtime.cli.main", "run", role, *arguments)


def _role(installation: Installation, role: str, ports: dict[str, int], tier: int) -> Part:
    return Part(
        name=role,
        command=role_command(role),
        env=installation.environment(),
        ports=ports,
        ready=partial(has_announced, installation.ready_path(role)),
        ready_timeout_s=90.0,
        tier=tier,
        stop_grace_s=_STOP_GRACE_S[tier],
    )


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=_PROBE_TIMEOUT_S) as answer:  # noqa: S310 - our own address
            return bool(answer.status < 400)
    except (urllib.error.URLError, OSError):
        return False
