"""The application entities that we know: who may ask for what, from where, and where each is to be called."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Service(StrEnum):
    """What a peer may ask of us. C-ECHO is for every peer that may connect."""

    STORE = "store"
    WORKLIST = "worklist"
    MPPS = "mpps"
    COMMITMENT = "commitment"
    QUERY = "query"
    RETRIEVE = "retrieve"
    AVAILABILITY = "availability"


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerTls:
    """TLS towards a peer: PEM files.

    authority: its certificate is checked with it; None: with the system's authorities.
    certificate, key: ours, where it asks for one. server_name: the name in its certificate; None: its host.
    """

    authority: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    server_name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """Where a peer is called. tls: None for plain TCP."""

    ae_title: str
    host: str
    port: int
    tls: PeerTls | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """One application entity.

    host, port, tls: where it listens; without a host it is never called.
    networks: where it may come from; none: anywhere. services: what it may ask for.
    users: who may identify themselves (PS3.7 D.3.3.7), name to scrypt hash of the passcode; where there are
    any, an association without one of them is rejected.
    """

    ae_title: str
    host: str | None = None
    port: int = 104
    tls: PeerTls | None = None
    networks: tuple[Network, ...] = ()
    services: frozenset[Service] = frozenset(Service)
    users: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), repr=False)

    def comes_from(self, address: str) -> bool:
        """Whether it may come from there; an IPv4 address that came over IPv6 counts as IPv4."""
        if not self.networks:
            return True
        found = ipaddress.ip_address(address.partition("%")[0])
        mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
        return any((mapped or found) in network for network in self.networks)


@dataclass(frozen=True, slots=True)
class Peers:
    """All of them. known: by AE title; None: everyone may connect from anywhere, and nobody is called.

    called_ae_title: what a peer has to call us; None: anything.
    """

    known: Mapping[str, Peer] | None = None
    called_ae_title: str | None = None

    def requiring(self, called_ae_title: str | None) -> Peers:
        """The same peers, who have to call us so."""
        return replace(self, called_ae_title=called_ae_title)

    def get(self, ae_title: str) -> Peer | None:
        """The peer of that title, where it is known. Spaces around a title mean nothing (PS3.5 6.2)."""
        return None if self.known is None else self.known.get(ae_title.strip())

    def destination(self, ae_title: str) -> Destination | None:
        """Where to call it; None where it is unknown, or has no host."""
        peer = self.get(ae_title)
        if peer is None or peer.host is None:
            return None
        return Destination(ae_title=peer.ae_title, host=peer.host, port=peer.port, tls=peer.tls)

    def calls_us_right(self, called_ae_title: str) -> bool:
        """Whether the called AE title is ours, where that matters."""
        return self.called_ae_title is None or called_ae_title.strip() == self.called_ae_title

    def services_of(self, calling_ae_title: str, address: str) -> frozenset[Service] | None:
        """What the peer may ask for, coming from `address`; None: it may not connect."""
        if self.known is None:
            return frozenset(Service)
        peer = self.get(calling_ae_title)
        return peer.services if peer is not None and peer.comes_from(address) else None

    def admits(self, calling_ae_title: str, address: str, called_ae_title: str, service: Service) -> bool:
        """Whether that association may use that service."""
        services = self.services_of(calling_ae_title, address)
        return services is not None and service in services and self.calls_us_right(called_ae_title)
