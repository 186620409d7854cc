"""The secrets of one data directory: random, made once, one file of mode 0600 each."""

from __future__ import annotations

import os
import secrets
import string
from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType

from runtime.stack.errors import SecretError

_KEY_ID_ALPHABET = string.ascii_uppercase + string.digits


def _key_id() -> str:
    return "".join(secrets.choice(_KEY_ID_ALPHABET) for _ in range(20))


def _key_32_bytes() -> str:
    return secrets.token_hex(32)


MAKERS: MappingProxyType[str, Callable[[], str]] = MappingProxyType(
    {
        "clickhouse_password": lambda: secrets.token_urlsafe(24),
        "clickhouse_analyst_password": lambda: secrets.token_urlsafe(24),
        "dashboard_admin_password": lambda: secrets.token_urlsafe(15),
        "s3_access_key": _key_id,
        "s3_secret_key": lambda: secrets.token_urlsafe(30),
        "archive_signing_key": _key_32_bytes,  # Ed25519: signs the archive's manifests and seals
        "site_key": _key_32_bytes,  # wraps the patients' data keys
        "site_secret": _key_32_bytes,  # keys the HMAC behind patient_key
    }
)


def read_or_create(data: Path, name: str) -> str:
    """The secret `name` of this data directory, made at the first call.

    Raises `SecretError` if its file is empty or can be read by others, `KeyError` for a name that is
    not in `MAKERS`.
    """
    path = data / "secrets" / name
    make = MAKERS[name]
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _create_once(path, make())
    return read_secret(path)


def _create_once(path: Path, secret: str) -> None:
    """Whole or not at all, and never over one that is there: two starts at once see one secret."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secret + "\n")
            file.flush()
            os.fsync(file.fileno())
        path.hardlink_to(draft)
    except FileExistsError:
        return  # the other start was first
    finally:
        draft.unlink()


def read_secret(path: Path) -> str:
    """The secret in that file. Raises `SecretError` if the file is empty or can be read by others."""
    try:
        mode = path.stat().st_mode
        secret = path.read_text("ascii").strip()
    except PermissionError as error:
        raise SecretError(f"{path} cannot be read by this user: run as the user who owns it") from error
    if mode & 0o077:
        raise SecretError(f"{path} can be read by others: chmod 600 {path}")
    if not secret:
        raise SecretError(
            f"{path} is empty: restore it from a backup (what it protected needs the same secret)"
        )
    return secret
