"""A key ring for the event loop: it never makes a key, since a new key is synced to the disk."""

from __future__ import annotations

from schemas.phi import Generations, KeyRing

_KNOWN_SUBJECTS = 100_000


class KeyNotReady(Exception):
    """`subject` may have no key yet: `make` it in a thread, and try again."""

    def __init__(self, subject: str) -> None:
        super().__init__("a key has to be made first")
        self.subject = subject


class ReadyKeys:
    """Those subjects of `ring` whose key was made or read before."""

    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring
        self._ready: set[str] = set()

    def make(self, subject: str) -> None:
        """Make or read the subject's key; blocks. Raises what the ring raises."""
        self._ring.current_key(subject)
        if len(self._ready) >= _KNOWN_SUBJECTS:
            self._ready.clear()
        self._ready.add(subject)

    def current_key(self, subject: str) -> tuple[str, bytes]:
        """Raises KeyNotReady."""
        if subject not in self._ready:
            raise KeyNotReady(subject)
        return self._ring.current_key(subject)

    def key(self, key_id: str) -> bytes:
        """As the ring's."""
        return self._ring.key(key_id)

    def generations(self, subject: str) -> Generations:
        """As the ring's."""
        return self._ring.generations(subject)

    def destroy(self, subject: str) -> int:
        """As the ring's."""
        self._ready.discard(subject)
        return self._ring.destroy(subject)
