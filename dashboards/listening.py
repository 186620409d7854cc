"""Where the dashboard listens, and what guards the way to it."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from pathlib import Path

_LOOPBACK_NAME = "localhost"


@dataclass(frozen=True, slots=True)
class TlsConfig:
    """Certificate with its chain, and its private key: PEM files, read at the start."""

    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenerConfig:
    """One address. Without TLS it is a loopback address, or reverse proxies that speak TLS stand before it.

    proxies: Addresses or networks whose X-Forwarded-For and X-Forwarded-Proto are believed, no others.
    """

    host: str
    port: int
    tls: TlsConfig | None = None
    proxies: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for proxy in self.proxies:
            try:
                ip_network(proxy)
            except ValueError:
                raise ValueError(f"a proxy is an address or a network, got {proxy}") from None
        if self.tls is None and not self.proxies and not is_loopback(self.host):
            raise ValueError(
                f"the dashboard does not listen on {self.host} without TLS: names and passwords could be "
                "read on the way. Give it a certificate, or say which reverse proxies speak TLS for it"
            )


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach `host`."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == _LOOPBACK_NAME


def check_tls(tls: TlsConfig) -> None:
    """Raises ValueError, which says what is wrong with the files."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(tls.certificate, tls.key)
    except (OSError, ssl.SSLError) as error:
        raise ValueError(f"{tls.certificate} with the key {tls.key} cannot be used: {error}") from error
