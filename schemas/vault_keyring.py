"""A key ring in HashiCorp Vault or OpenBao: for production, and for more machines than one.

A patient's key is made and wrapped by Vault's transit engine; the wrapped key is a secret of its KV engine
(version 2), one path for each generation. Check-and-set 0 makes the first writer win. Destroying a key
destroys the secret's versions: Vault keeps that there was one, so the name is never given to another key,
and what was erased is told apart from what never was.

Opened keys are kept in memory. What another process destroys is noticed within `checked_every_s`: each
erasure writes the next version of one secret, and when that has moved every opened key is forgotten.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import TypeVar
from urllib.parse import quote

from schemas.errors import KeyDestroyed, KeyNotFound
from schemas.phi import Generations
from schemas.vault_client import Secret, VaultClient
from schemas.vault_config import VaultKeyRingConfig

_CACHED_KEYS = 4096
_ERASURES = "erasures"

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class _Opened:
    key: bytes
    forgotten_at_s: float


class VaultKeyRing:
    """Data keys in Vault's KV engine, wrapped by its transit engine. Thread-safe."""

    def __init__(self, config: VaultKeyRingConfig, monotonic_s: Callable[[], float] = time.monotonic) -> None:
        """Asks Vault once. Raises KeyRingUnusable, or KeyRingUnreachable where it gives no answer."""
        self._vault = VaultClient(config)
        self._config = config
        self._monotonic_s = monotonic_s
        self._lock = threading.Lock()
        self._opened: OrderedDict[str, _Opened] = OrderedDict()
        self._current: OrderedDict[str, int] = OrderedDict()
        self._erasures = self._erasures_so_far()
        self._checked_at_s = monotonic_s()

    def current_key(self, subject: str) -> tuple[str, bytes]:
        """Key id and key to seal with; made, and durable, on first use. Raises KeyRingUnusable."""
        # Generations before one that was current are destroyed, and stay it.
        for generation in count(self._current.get(subject, 1)):
            key_id = f"{subject}/{generation}"
            try:
                key = self._key_or_new(key_id)
            except KeyDestroyed:
                continue
            with self._lock:
                _remember(self._current, subject, generation)
            return key_id, key
        raise AssertionError("unreachable: generations do not end")

    def key(self, key_id: str) -> bytes:
        """The key called `key_id`. Raises KeyNotFound, KeyDestroyed or KeyRingUnusable."""
        self._notice_erasures()
        opened = self._opened.get(key_id)
        if opened is not None and self._monotonic_s() < opened.forgotten_at_s:
            return opened.key
        erasures = self._erasures
        secret = self._vault.read(_path(key_id))
        if secret is None:
            raise KeyNotFound(f"no key {key_id}")
        if secret.wrapped is None:
            raise KeyDestroyed(f"key {key_id} was destroyed")
        return self._keep(key_id, self._vault.unwrap(secret.wrapped), erasures)

    def destroy(self, subject: str) -> int:
        """Destroy every key of the subject, for ever; how many there were. Raises KeyRingUnusable."""
        destroyed = 0
        for path, secret in self._secrets(subject):
            if secret.wrapped is not None:
                self._vault.destroy(path, secret.version)
                destroyed += 1
        # Also where there was none left: whoever destroyed them may have died before this. Where another
        # erasure writes the version at the same moment, its own tells of ours, too.
        self._vault.write(_ERASURES, "", self._erasures_so_far())
        with self._lock:
            self._opened.clear()
        return destroyed

    def generations(self, subject: str) -> Generations:
        """How many keys the subject has and had. Raises KeyRingUnusable."""
        living = [secret.wrapped is not None for _, secret in self._secrets(subject)]
        return Generations(living=sum(living), destroyed=len(living) - sum(living))

    def close(self) -> None:
        """Let the connections go."""
        self._vault.close()

    def _secrets(self, subject: str) -> Iterator[tuple[str, Secret]]:
        for generation in count(1):
            path = _path(f"{subject}/{generation}")
            secret = self._vault.read(path)
            if secret is None:
                return
            yield path, secret

    def _key_or_new(self, key_id: str) -> bytes:
        try:
            return self.key(key_id)
        except KeyDestroyed:
            raise
        except KeyNotFound:
            erasures = self._erasures
            key, wrapped = self._vault.new_data_key()
            if self._vault.write(_path(key_id), wrapped, 0):
                return self._keep(key_id, key, erasures)
            return self.key(key_id)  # another process made it first: its key counts

    def _keep(self, key_id: str, key: bytes, erasures: int) -> bytes:
        """Remember `key`, unless somebody was erased since it was asked for."""
        with self._lock:
            if erasures == self._erasures:
                opened = _Opened(key, self._monotonic_s() + self._config.kept_s)
                _remember(self._opened, key_id, opened)
        return key

    def _notice_erasures(self) -> None:
        if self._monotonic_s() < self._checked_at_s + self._config.checked_every_s:
            return
        asked_at_s = self._monotonic_s()
        erasures = self._erasures_so_far()
        with self._lock:
            if erasures != self._erasures:
                self._opened.clear()
            self._erasures, self._checked_at_s = erasures, asked_at_s

    def _erasures_so_far(self) -> int:
        secret = self._vault.read(_ERASURES)
        return 0 if secret is None else secret.version


def _remember(cache: OrderedDict[str, Value], name: str, value: Value) -> None:
    cache[name] = value
    cache.move_to_end(name)
    if len(cache) > _CACHED_KEYS:
        cache.popitem(last=False)


def _path(key_id: str) -> str:
    subject, _, generation = key_id.rpartition("/")
    return f"keys/{hashlib.sha256(subject.encode()).hexdigest()}/{quote(generation, safe='')}"
