"""Where Vault is, and what opens it: the address, the token, the certificates."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

from schemas.errors import KeyRingUnusable


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultKeyRingConfig:
    """A key ring in Vault or OpenBao.

    address: http(s)://host:port. token_file: the token, as Vault's agent writes it; read again when refused.
    transit_mount, transit_key: what wraps the patients' keys, and never leaves Vault.
    kv_mount, kv_path: where the wrapped keys are kept, in a KV engine of version 2.
    ca_file: certificates that Vault's own is checked with; None: those of the Python installation.
    timeout_s: how long Vault has for one answer. checked_every_s: how long an erasure that another
        process made may stay unnoticed. kept_s: how long an opened key is kept at most.
    """

    address: str
    token_file: Path
    transit_mount: str = "transit"
    transit_key: str = "radstream"
    kv_mount: str = "secret"
    kv_path: str = "radstream"
    namespace: str | None = None
    ca_file: Path | None = None
    timeout_s: float = 3.0
    checked_every_s: float = 1.0
    kept_s: float = 300.0


def read_token(path: Path) -> str:
    """Vault's token. Raises KeyRingUnusable."""
    try:
        mode = path.stat().st_mode
        token = path.read_text("ascii").strip()
    except (OSError, ValueError) as error:
        raise KeyRingUnusable(
            f"Vault's token file {path} cannot be read ({type(error).__name__}); "
            "RADSTREAM_VAULT_TOKEN_FILE names it"
        ) from None
    if mode & 0o007:
        raise KeyRingUnusable(f"{path} can be read by others: chmod 600 {path}")
    if not token or not token.isprintable():
        raise KeyRingUnusable(f"Vault's token file {path} holds no token")
    return token


def certificates(ca_file: Path | None) -> ssl.SSLContext | bool:
    """What Vault's certificate is checked with. Raises KeyRingUnusable."""
    if ca_file is None:
        return True
    try:
        return ssl.create_default_context(cafile=str(ca_file))
    except (OSError, ssl.SSLError) as error:
        raise KeyRingUnusable(f"{ca_file} holds no certificates: {type(error).__name__}") from None
