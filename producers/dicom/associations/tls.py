"""TLS of DICOM associations (PS3.15 B.9, B.12: the BCP 195 profiles): 1.2 or newer, forward secrecy, AEAD."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

from producers.dicom.associations.peers import PeerTls

# TLS 1.2 as BCP 195 (RFC 9325) recommends it; those of TLS 1.3 all are.
_CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"


@dataclass(frozen=True, slots=True)
class TlsConfig:
    """certificate, key: ours, PEM. client_authority: PEM; peers must then show a certificate of it."""

    certificate: Path
    key: Path
    client_authority: Path | None = None


def server_context(config: TlsConfig) -> ssl.SSLContext:
    """Raises OSError where a file cannot be read, ssl.SSLError where it is not what it should be."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(_CIPHERS)
    context.load_cert_chain(config.certificate, config.key)
    if config.client_authority is not None:
        context.load_verify_locations(config.client_authority)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def client_context(tls: PeerTls) -> ssl.SSLContext:
    """Towards a peer. Raises as server_context does."""
    context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=tls.authority)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(_CIPHERS)
    if tls.certificate is not None:
        context.load_cert_chain(tls.certificate, tls.key)
    return context
