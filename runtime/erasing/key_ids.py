"""Ids of data keys: `subject/generation`."""

from __future__ import annotations


def parted(key_id: str) -> tuple[str, int]:
    """Subject and generation."""
    subject, _, generation = key_id.rpartition("/")
    return subject, int(generation)
