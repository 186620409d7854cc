"""Audit repositories that are told of accesses, declared in TOML and checked as a whole.

    [[destination]]
    name = "arr"                      # in groups and logs; never reuse it for another system
    host = "audit.hospital.example"
    tls = { ca_file = "/etc/ssl/hospital.pem" }

A mistake raises InvalidDestinations, which says where.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from sinks.delivering.declared import RETRYING, STARTS, Limits, Tls, checked, destination_tables
from sinks.delivering.errors import InvalidDestinations

PSEUDONYMS, NAMES = "pseudonyms", "names"


@dataclass(frozen=True, slots=True, kw_only=True)
class SyslogDestination:
    """One audit repository (DICOM PS3.15, section A.6; RFC 5425).

    name: Lower-case letters, digits and hyphens; names the consumer group, and so what was sent already.
    tls: There is no way to it without TLS; a certificate of ours where it asks for one.
    patients: `pseudonyms`, or `names`: with name and record number, where the repository may have them.
    audit_source_id: AuditSourceID. app_name: APP-NAME of the syslog header.
    start: From where a new name begins: `now`, or `beginning` of the topic.
    connections: Messages that may be under way at a time, all on one connection.
    settle_s: A message has arrived when its bytes are acknowledged and the connection stood so long after.
    send_timeout_s: How long the repository may take none of a message before the connection is given up.
    first_pause_s, longest_pause_s: Pauses before the repository is called again.
    """

    name: str
    host: str
    port: int = 6514
    tls: Tls = field(default_factory=Tls)
    patients: str = PSEUDONYMS
    audit_source_id: str = "radstream"
    app_name: str = "radstream"
    start: str = "now"
    connections: int = 256
    settle_s: float = 1.0
    send_timeout_s: float = 30.0
    first_pause_s: float = 1.0
    longest_pause_s: float = 30.0

    @property
    def group_id(self) -> str:
        """Its consumer group."""
        return f"radstream-audit-syslog-{self.name}"

    @property
    def max_attempts(self) -> int:
        """Never reached: an audit message is sent until it has arrived."""
        return 1

    @property
    def max_age_s(self) -> float:
        """As `max_attempts`."""
        return float("inf")


_NUMBERS: Mapping[str, tuple[float, float]] = {
    "port": (1, 65535),
    "connections": (1, 4096),
    "settle_s": (0.0, 2.0),
    "send_timeout_s": (0.1, 600),
    **{name: RETRYING[name] for name in ("first_pause_s", "longest_pause_s")},
}
_CHOICES: Mapping[str, Collection[str]] = {"start": STARTS, "patients": (PSEUDONYMS, NAMES)}
_LIMITS = Limits(numbers=_NUMBERS, choices=_CHOICES)
_LONGEST_APP_NAME = 48  # RFC 5424, section 6


def parse_repositories(text: str) -> tuple[SyslogDestination, ...]:
    """The repositories in a TOML file. Raises InvalidDestinations."""
    return tuple(_destination(table, where) for where, table in destination_tables(text))


def _destination(table: dict[str, Any], where: str) -> SyslogDestination:
    found = SyslogDestination(**checked(table, SyslogDestination, where, _LIMITS))
    name = found.app_name
    if not (0 < len(name) <= _LONGEST_APP_NAME and all("!" <= letter <= "~" for letter in name)):
        raise InvalidDestinations(f"{where}: app_name has 1 to 48 printable ASCII characters without spaces")
    return found
