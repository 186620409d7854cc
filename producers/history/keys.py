"""Keys of thousands of patients before their events are sealed."""

from __future__ import annotations

from collections.abc import Iterable

from schemas.keyring import FileKeyRing
from schemas.phi import KeyRing


def make_keys(ring: KeyRing, subjects: Iterable[str]) -> None:
    """Make what is missing, durable when this returns. Raises what the ring raises."""
    if isinstance(ring, FileKeyRing):
        ring.make_keys(subjects)
        return
    for subject in dict.fromkeys(subjects):
        ring.current_key(subject)
