"""Destinations: what goes to whom, declared in TOML and checked as a whole.

    [[destination]]
    name = "ehr"                      # in topics, events and logs; never reuse it for another system
    host = "10.0.0.7"
    port = 2575
    events = ["reports", "AcquisitionCompleted"]

`FIELDS` has every option with its meaning; a mistake raises InvalidDestinations, which says where.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from zoneinfo import available_timezones

from schemas.events import Event
from sinks.delivering.declared import RETRYING, STARTS, Limits, Tls, checked, destination_tables
from sinks.delivering.errors import InvalidDestinations
from sinks.hl7.steps import GROUPS, OUTBOUND

# HL7 table 0211 and Python's names.
CODECS: Mapping[str, str] = MappingProxyType(
    {
        "UNICODE UTF-8": "utf-8",
        "ASCII": "ascii",
        **{f"8859/{part}": f"iso8859-{part}" for part in (1, 2, 3, 4, 5, 6, 7, 8, 9, 15)},
    }
)
VERSIONS = ("2.1", "2.2", "2.3", "2.3.1", "2.4", "2.5", "2.5.1", "2.6", "2.7", "2.7.1", "2.8")
REPORT_FORMATS = ("TX", "FT", "ED")


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """One system that messages are sent to.

    name: Lower-case letters, digits and hyphens; names the consumer group, and so what was sent already.
    events: Names of events, or the groups `reports` and `order-status`.
    start: From where a new name begins: `now`, or `beginning` of the log.
    connections: How many messages may be under way at a time, each on a connection of its own.
    receiving_*, sending_*: MSH-5, -6, -3, -4. What came from the same application and facility as receives
        here is not sent back to it.
    version, charset: MSH-12 and MSH-18. processing_id: MSH-11.
    zone: IANA zone of the times; they carry its offset.
    report_format: How the text goes: TX (an OBX for each line), FT (one OBX), ED (one OBX, base64).
    procedure, observation: OBR-4 where the event names no procedure, and OBX-3; components after `^`.
    answer_timeout_s: How long a message has for its answer. first_pause_s, longest_pause_s: back-off.
    max_attempts: Answers AE, or none, after which a message goes to the dead letters.
    max_age_s: How long it is tried, the destination being away included, counted from when it was read.
    """

    name: str
    host: str
    port: int
    events: frozenset[type[Event]]
    start: str = "now"
    tls: Tls | None = None
    connections: int = 4
    sending_application: str = "RADSTREAM"
    sending_facility: str = ""
    receiving_application: str = ""
    receiving_facility: str = ""
    version: str = "2.5.1"
    charset: str = "UNICODE UTF-8"
    processing_id: str = "P"
    zone: str = "UTC"
    report_format: str = "TX"
    procedure: str = "RAD^Radiology^L"
    observation: str = "18748-4^Diagnostic imaging study^LN"
    answer_timeout_s: float = 30.0
    first_pause_s: float = 1.0
    longest_pause_s: float = 60.0
    max_attempts: int = 30
    max_age_s: float = 86_400.0

    @property
    def group_id(self) -> str:
        """Its consumer group."""
        return group_of(self.name)


_NUMBERS: Mapping[str, tuple[float, float]] = {
    "port": (1, 65535),
    "connections": (1, 64),
    "answer_timeout_s": (0.01, 600),
    **RETRYING,
}
_CHOICES: Mapping[str, Collection[str]] = {
    "start": STARTS,
    "version": VERSIONS,
    "charset": tuple(CODECS),
    "processing_id": ("P", "T", "D"),
    "report_format": REPORT_FORMATS,
}
_LIMITS = Limits(numbers=_NUMBERS, choices=_CHOICES, others={"events"})


def group_of(name: str) -> str:
    """The consumer group of the destination called `name`."""
    return f"radstream-hl7-out-{name}"


def parse_destinations(text: str, zone: str = "UTC") -> tuple[Destination, ...]:
    """The destinations in a TOML file; `zone` is for those that name none. Raises InvalidDestinations."""
    return tuple(_destination({"zone": zone, **table}, where) for where, table in destination_tables(text))


def _destination(table: dict[str, Any], where: str) -> Destination:
    given = checked(table, Destination, where, _LIMITS)
    if given["zone"] not in available_timezones():
        raise InvalidDestinations(f"{where}: zone is an IANA name, such as Europe/Berlin")
    given["events"] = _events(given["events"], where)
    return Destination(**given)


def _events(names: Any, where: str) -> frozenset[type[Event]]:
    if not isinstance(names, list) or not names:
        raise InvalidDestinations(f"{where}: events is a list of names")
    found: set[type[Event]] = set()
    for name in names:
        if name in GROUPS:
            found |= GROUPS[name]
        elif name in OUTBOUND:
            found.add(OUTBOUND[name])
        else:
            known = ", ".join((*GROUPS, *sorted(OUTBOUND)))
            raise InvalidDestinations(f"{where}: no event {name} goes out; there are {known}")
    return frozenset(found)
