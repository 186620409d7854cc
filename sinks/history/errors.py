"""What keeps history from being read whole.

ArchiveError
└── HistoryGap   neither the archive nor Kafka has some of the offsets
"""

from __future__ import annotations

from sinks.archive.errors import ArchiveError


class HistoryGap(ArchiveError):
    """Offsets that are nowhere any more, or not yet where they can be read. The message names them."""
