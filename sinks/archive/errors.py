"""What goes wrong with the archive.

ArchiveError
├── ArchiveUnavailable   the object store gives no answer: later it may
├── ObjectMissing        the store does not have the object
├── ArchiveBroken        what the store has is not what an archive has: altered, torn, signed by nobody we
know
└── ChainMoved           another process has written the next manifest
"""

from __future__ import annotations


class ArchiveError(Exception):
    """Root of the tree. Messages name objects and offsets, never what a message holds."""


class ArchiveUnavailable(ArchiveError):
    """The object store gives no answer, or refuses."""


class ObjectMissing(ArchiveError):
    """The store does not have the object."""


class ArchiveBroken(ArchiveError):
    """What the store has is not what an archive has."""


class ChainMoved(ArchiveError):
    """The next manifest is there already, and is another one: some other process archives this partition."""
