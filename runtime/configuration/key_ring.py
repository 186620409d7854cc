"""The patients' keys and pseudonyms: where the key ring is, and what it is opened with."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings


class KeyRingSettings(BaseSettings):
    """The key ring, and the secrets of the site."""

    site_key: str | None = Field(
        default=None, description="Wraps the patients' keys, 64 hex digits; else `<data>/secrets/site_key`."
    )
    site_secret: str | None = Field(
        default=None, description="Makes pseudonyms, 64 hex digits; else `<data>/secrets/site_secret`."
    )
    key_ring: Literal["file", "vault"] = Field(
        default="file",
        description="Where the patients' keys are: `<data>/keys`, or HashiCorp Vault / OpenBao.",
    )
    vault_address: str = Field(default="https://127.0.0.1:8200", description="Vault's address, http(s)://…")
    vault_token_file: Path | None = Field(
        default=None, description="File with Vault's token; else `<data>/secrets/vault_token`."
    )
    vault_transit_mount: str = Field(default="transit", description="Mount of Vault's transit engine.")
    vault_transit_key: str = Field(default="radstream", description="Transit key that wraps patients' keys.")
    vault_kv_mount: str = Field(default="secret", description="Mount of a KV engine, version 2.")
    vault_kv_path: str = Field(default="radstream", description="Path in it under which everything lies.")
    vault_namespace: str | None = Field(default=None, description="Vault's namespace.")
    vault_ca_file: Path | None = Field(
        default=None, description="Certificates that Vault's is checked with (PEM); else the usual ones."
    )
    vault_timeout_s: float = Field(default=3.0, gt=0, description="How long Vault has for one answer.")
