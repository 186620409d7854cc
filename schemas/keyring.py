"""A key ring in a directory, for the local stack: one file per key, wrapped by the site's key.

Many processes may use one ring at the same time: a key file is written aside, synced, and linked into
place, so the first writer wins, nobody sees half a key, and kill -9 leaves either a whole key or none.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections import OrderedDict
from pathlib import Path

from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from schemas.errors import KeyNotFound, KeyRingUnusable

_KEY_BYTES = 32
_CACHED_KEYS = 4096
_FIRST_GENERATION = "1"


class FileKeyRing:
    """Data keys under `directory` (mode 0700), wrapped with AES Key Wrap (RFC 3394)."""

    def __init__(self, directory: Path, site_key: bytes) -> None:
        """Raises KeyRingUnusable where others may read the directory."""
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if directory.stat().st_mode & 0o077:
            raise KeyRingUnusable(f"{directory} can be read by others: chmod 700 {directory}")
        self._directory = directory
        self._site_key = site_key
        self._cache: OrderedDict[str, bytes] = OrderedDict()

    def current_key(self, subject: str) -> tuple[str, bytes]:
        """Key id and key to seal with; made, and durable, on first use."""
        key_id = f"{subject}/{_FIRST_GENERATION}"
        try:
            return key_id, self.key(key_id)
        except KeyNotFound:
            self._create(key_id)
            return key_id, self.key(key_id)

    def key(self, key_id: str) -> bytes:
        """The key called `key_id`. Raises KeyNotFound or KeyRingUnusable."""
        path = self._path(key_id)
        # The file decides, not the cache: a key that another process destroyed is gone here too.
        if not path.exists():
            self._cache.pop(key_id, None)
            raise KeyNotFound(f"no key {key_id}")
        if key_id not in self._cache:
            self._cache[key_id] = self._read(path, key_id)
            if len(self._cache) > _CACHED_KEYS:
                self._cache.popitem(last=False)
        return self._cache[key_id]

    def destroy(self, subject: str) -> int:
        """Remove the subject's key files; how many there were."""
        path = self._path(f"{subject}/{_FIRST_GENERATION}")
        self._cache.pop(f"{subject}/{_FIRST_GENERATION}", None)
        if not path.exists():
            return 0
        path.unlink()
        _sync_directory(path.parent)
        return 1

    def _path(self, key_id: str) -> Path:
        name = hashlib.sha256(key_id.encode()).hexdigest()
        return self._directory / name[:2] / f"{name}.key"

    def _read(self, path: Path, key_id: str) -> bytes:
        try:
            return aes_key_unwrap(self._site_key, path.read_bytes())
        except InvalidUnwrap:
            raise KeyRingUnusable(f"key {key_id} does not unwrap: damaged, or another site key") from None

    def _create(self, key_id: str) -> None:
        path = self._path(key_id)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".new", delete=False) as aside:
            aside.write(aes_key_wrap(self._site_key, os.urandom(_KEY_BYTES)))
            aside.flush()
            os.fsync(aside.fileno())
        try:
            os.link(aside.name, path)
        except FileExistsError:
            pass  # another process made it first: its key counts
        finally:
            Path(aside.name).unlink()
        _sync_directory(path.parent)


def _sync_directory(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
