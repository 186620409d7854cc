"""Which key ring an installation uses, and how every room opens it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from schemas.keyring import FileKeyRing
from schemas.phi import KeyRing
from schemas.vault_config import VaultKeyRingConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class FileKeyRingConfig:
    """A ring in a directory of this machine. `site_key`: 256 bits that wrap the patients' keys."""

    directory: Path
    site_key: bytes = field(repr=False)


KeyRingConfig = FileKeyRingConfig | VaultKeyRingConfig


def open_key_ring(config: KeyRingConfig) -> KeyRing:
    """The ring. Raises KeyRingUnusable where it cannot be used as it is."""
    match config:
        case FileKeyRingConfig():
            return FileKeyRing(config.directory, config.site_key)
        case VaultKeyRingConfig():
            from schemas.vault_keyring import VaultKeyRing  # noqa: PLC0415 - its HTTP client is for users of Vault

            return VaultKeyRing(config)
