"""Destinations of alerts: who is told what, declared in TOML and checked as a whole.

    [[destination]]
    name = "pager"                    # in groups and logs; never reuse it for another system
    url = "https://pager.hospital.example/radstream"
    secret_file = "/run/secrets/pager"
    states = ["warned", "breached"]   # without: all

A mistake raises InvalidDestinations, which says where.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sinks.delivering.declared import RETRYING, STARTS, Limits, Tls, checked, destination_tables
from sinks.delivering.errors import InvalidDestinations

STATES = ("warned", "breached", "met", "resolved", "open", "withdrawn")


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookDestination:
    """One system that is told of alerts.

    name: Lower-case letters, digits and hyphens; names the consumer group, and so what was sent already.
    url: https; http only to this machine itself.
    secret_file: What requests are signed with (signing.py); in no other place.
    states: What of an alert is told.
    start: From where a new name begins: `now`, or `beginning` of the topic.
    connections: How many requests may be under way at a time; those of one alert go one after the other.
    answer_timeout_s: How long a request has for its answer. first_pause_s, longest_pause_s: back-off.
    max_attempts: Requests without a 2xx after which an alert goes to the dead letters.
    max_age_s: How long it is tried, the destination being away included, counted from when it was read.
    """

    name: str
    url: str
    secret_file: Path
    states: frozenset[str] = frozenset(STATES)
    start: str = "now"
    tls: Tls | None = None
    connections: int = 4
    answer_timeout_s: float = 15.0
    first_pause_s: float = 1.0
    longest_pause_s: float = 60.0
    max_attempts: int = 20
    max_age_s: float = 86_400.0

    @property
    def group_id(self) -> str:
        """Its consumer group."""
        return f"radstream-webhook-{self.name}"


_NUMBERS: Mapping[str, tuple[float, float]] = {
    "connections": (1, 64),
    "answer_timeout_s": (0.01, 600),
    **RETRYING,
}
_LIMITS = Limits(numbers=_NUMBERS, choices={"start": STARTS}, others={"states"})


def parse_webhooks(text: str) -> tuple[WebhookDestination, ...]:
    """The destinations in a TOML file. Raises InvalidDestinations."""
    return tuple(_destination(table, where) for where, table in destination_tables(text))


def _destination(table: dict[str, Any], where: str) -> WebhookDestination:
    given = checked(table, WebhookDestination, where, _LIMITS)
    _check_url(given["url"], where, has_tls="tls" in given)
    given["secret_file"] = Path(given["secret_file"]).expanduser()
    if "states" in given:
        given["states"] = _states(given["states"], where)
    return WebhookDestination(**given)


def _check_url(url: str, where: str, *, has_tls: bool) -> None:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port  # the port is a number, or ValueError
    except ValueError:
        host, parts = None, urlsplit("")
    if not host or parts.username is not None or parts.fragment:
        raise InvalidDestinations(f"{where}: url is https://host/path, without a user or a fragment")
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_here(host)):
        raise InvalidDestinations(f"{where}: url is https; http only to a loopback address")
    if has_tls and parts.scheme != "https":
        raise InvalidDestinations(f"{where}: tls needs an https url")


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _states(names: Any, where: str) -> frozenset[str]:
    if not isinstance(names, list) or not names or not all(name in STATES for name in names):
        raise InvalidDestinations(f"{where}: states is a list of {', '.join(STATES)}")
    return frozenset(names)
