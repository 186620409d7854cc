"""TLS of a connection that a verb opens."""

from __future__ import annotations

import ssl
from pathlib import Path

from runtime.cli.output import fail


def client_context(ca: Path | None, cert: Path | None, *, as_json: bool) -> ssl.SSLContext:
    """Trusts `ca`, else the system's authorities, and shows `cert`; an unusable file is the verb's error."""
    try:
        context = ssl.create_default_context(cafile=ca)
        if cert is not None:
            context.load_cert_chain(cert)
    except (OSError, ssl.SSLError) as error:
        fail(f"certificate cannot be used: {error}; --ca and --cert take PEM files", as_json=as_json)
    return context
