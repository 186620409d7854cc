"""The audit repositories of an installation, read from the file that a setting names."""

from __future__ import annotations

import socket

from runtime.installation import Installation
from runtime.outbound import DestinationsUnusable
from sinks.delivering.errors import InvalidDestinations
from sinks.syslog.config import SyslogConfig
from sinks.syslog.destinations import SyslogDestination, parse_repositories

DEFAULT_FILE = "audit-syslog.toml"


def read_repositories(installation: Installation) -> tuple[SyslogDestination, ...]:
    """Who is told of accesses: RADSTREAM_AUDIT_SYSLOG, else `<data>/audit-syslog.toml` where it exists.

    Raises DestinationsUnusable where the file cannot be read, or says what cannot be.
    """
    given = installation.settings.audit_syslog
    path = given or installation.data / DEFAULT_FILE
    if given is None and not path.exists():
        return ()
    try:
        return parse_repositories(path.expanduser().read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise DestinationsUnusable(f"audit-syslog: {path} cannot be read: {type(error).__name__}") from error
    except InvalidDestinations as error:
        raise DestinationsUnusable(f"audit-syslog: {path}: {error}") from error


def syslog_config(installation: Installation) -> SyslogConfig:
    """What the syslog sink is told. Raises DestinationsUnusable."""
    return SyslogConfig(
        kafka_bootstrap=installation.kafka_bootstrap,
        registry_url=installation.registry_url,
        key_ring=installation.key_ring_config(),
        destinations=read_repositories(installation),
        host=socket.gethostname(),
        now=installation.now(),
        instance_id="audit-syslog-0",
    )
