"""Small records on disk that must outlive kill -9: one JSON file each, replaced as a whole."""

from __future__ import annotations

import base64
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from schemas.parts import SealedPhi


def write_entry(path: Path, record: Mapping[str, object]) -> None:
    """Put `record` in the file's place; durable on return. Raises OSError.

    A process killed while it writes leaves a file that ends in `.new` beside it.
    """
    with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".new", delete=False) as aside:
        aside.write(json.dumps(record).encode())
        aside.flush()
        os.fsync(aside.fileno())
    Path(aside.name).replace(path)
    _sync_directory(path.parent)


def read_entry(path: Path) -> Any:
    """What was written. Raises FileNotFoundError, ValueError where it is no JSON."""
    return json.loads(path.read_text("utf-8"))


def set_aside(path: Path) -> None:
    """Keep a damaged entry under another name, for whoever looks into it."""
    path.rename(path.with_suffix(".damaged"))


def phi_record(phi: SealedPhi | None) -> dict[str, str] | None:
    """`phi` as JSON holds it."""
    if phi is None:
        return None
    return {
        "key_id": phi.key_id,
        "nonce": base64.b64encode(phi.nonce).decode(),
        "ciphertext": base64.b64encode(phi.ciphertext).decode(),
    }


def phi_of(record: Mapping[str, str] | None) -> SealedPhi | None:
    """What `phi_record` made. Raises KeyError, ValueError or TypeError where it is none."""
    if record is None:
        return None
    return SealedPhi(
        key_id=record["key_id"],
        nonce=base64.b64decode(record["nonce"]),
        ciphertext=base64.b64decode(record["ciphertext"]),
    )


def _sync_directory(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
