"""A key ring for explaining: what it sealed, nobody opens afterwards."""

from __future__ import annotations

import os

from schemas.phi import Generations


class ThrowawayKeyRing:
    """Keys that nothing outlives: to map a message without leaving a trace of its patient."""

    def __init__(self) -> None:
        self._key = os.urandom(32)

    def current_key(self, subject: str) -> tuple[str, bytes]:
        """The one key."""
        return f"{subject}/1", self._key

    def key(self, key_id: str) -> bytes:
        """The one key, whatever it is called."""
        del key_id
        return self._key

    def generations(self, subject: str) -> Generations:
        """One key, and it lives."""
        del subject
        return Generations(living=1, destroyed=0)

    def destroy(self, subject: str) -> int:
        """Nothing is kept."""
        del subject
        return 0
