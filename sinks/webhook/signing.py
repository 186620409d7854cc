"""Signatures by which a receiver knows that a request is ours, whole, and of now. Pure but for the file.

As Standard Webhooks has it (standardwebhooks.com, version 1): HMAC-SHA256 over `id.timestamp.body`, in
Base64, so that receivers can check it with a library that is there already.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from pathlib import Path

from sinks.delivering.errors import InvalidDestinations

_PREFIX = "whsec_"
_FEWEST_BYTES = 24


def read_secret(path: Path) -> bytes:
    """The secret in `path`: `whsec_` and Base64, else the text itself; at least 24 bytes.

    Raises InvalidDestinations.
    """
    try:
        text = path.read_text("ascii").strip()
        is_coded = text.startswith(_PREFIX)
        secret = base64.b64decode(text[len(_PREFIX) :], validate=True) if is_coded else text.encode()
    except (OSError, UnicodeDecodeError, binascii.Error) as error:
        raise InvalidDestinations(f"secret_file {path} cannot be read: {type(error).__name__}") from None
    if len(secret) < _FEWEST_BYTES:
        raise InvalidDestinations(f"secret_file {path}: a secret has at least {_FEWEST_BYTES} bytes")
    return secret


def signed_headers(secret: bytes, message_id: str, timestamp_s: int, body: bytes) -> dict[str, str]:
    """The three headers of a request. timestamp_s: seconds since the epoch when it was sent."""
    text = f"{message_id}.{timestamp_s}.".encode() + body
    signature = base64.b64encode(hmac.digest(secret, text, "sha256")).decode()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp_s),
        "webhook-signature": f"v1,{signature}",
    }
