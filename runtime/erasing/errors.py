"""What stops an erasure. The messages say what to do."""

from __future__ import annotations


class ErasureRefused(Exception):
    """Nothing was erased; the message says why, and what to do."""
