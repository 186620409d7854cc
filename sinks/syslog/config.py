"""What the syslog sink must be told."""

from __future__ import annotations

from dataclasses import dataclass

from schemas.topics import AUDIT
from sinks.delivering.config import OutletConfig
from sinks.syslog.destinations import SyslogDestination


@dataclass(frozen=True, slots=True, kw_only=True)
class SyslogConfig(OutletConfig):
    """The syslog sink of one site.

    host: What messages call this machine (RFC 5424, HOSTNAME).
    stop_timeout_s: A message that was just sent is waited for, so that it is not sent again.
    """

    host: str
    destinations: tuple[SyslogDestination, ...]
    topic: str = AUDIT
    stop_timeout_s: float = 3.0
