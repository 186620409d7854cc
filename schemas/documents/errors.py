"""What keeps the documents from being written."""

from __future__ import annotations


class Undocumented(Exception):
    """Something is not known that the documents must say; the message says where to enter it."""
