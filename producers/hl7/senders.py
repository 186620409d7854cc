"""Who may send: by address before a byte is read, and by the application and facility of each message."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass

from producers.hl7.message import Message
from producers.hl7.rejections import SenderNotAllowed

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def read_networks(text: str) -> tuple[Network, ...]:
    """Comma-separated addresses and networks (10.1.0.0/16). Raises ValueError, which names the wrong one."""
    return tuple(ipaddress.ip_network(part.strip(), strict=False) for part in text.split(",") if part.strip())


def is_within(address: str, networks: Iterable[Network]) -> bool:
    """Whether one of `networks` holds `address`; an IPv4 address that came over IPv6 counts as IPv4."""
    found = ipaddress.ip_address(address.partition("%")[0])
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return any((mapped or found) in network for network in networks)


@dataclass(frozen=True, slots=True)
class Senders:
    """(MSH-3, MSH-4) of those who may send; an empty facility stands for all of that application's.

    Without any: everyone.
    """

    allowed: frozenset[tuple[str, str]] = frozenset()

    @classmethod
    def read(cls, text: str) -> Senders:
        """From `RIS|NORTH,HIS`: application and facility, comma-separated."""
        parts = [part.strip().partition("|") for part in text.split(",") if part.strip()]
        return cls(frozenset((application.strip(), facility.strip()) for application, _, facility in parts))

    def check(self, message: Message) -> None:
        """Raises SenderNotAllowed."""
        if not self.allowed:
            return
        application, facility = message.header.value(3), message.header.value(4)
        if (application, facility) not in self.allowed and (application, "") not in self.allowed:
            raise SenderNotAllowed("sending application and facility may not send here", "MSH-3")
