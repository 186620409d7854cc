"""TLS of the listener: 1.2 or newer, with the clients' certificates where an authority is given."""

from __future__ import annotations

import ssl

from producers.hl7.config import TlsConfig


def server_context(config: TlsConfig) -> ssl.SSLContext:
    """Raises OSError where a file cannot be read, ssl.SSLError where it is not what it should be."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(config.certificate, config.key)
    if config.client_authority is not None:
        context.load_verify_locations(config.client_authority)
        context.verify_mode = ssl.CERT_REQUIRED
    return context
