"""Offsets that Kafka passes over: in a topic of latest values they are compaction's, elsewhere they are
doubted.
"""

from __future__ import annotations

from collections.abc import Collection

import structlog

from sinks.archive.metrics import ArchiveMetrics
from sinks.archive.names import Place

log = structlog.get_logger(__name__)


class Gaps:
    """A gap is believed when the same offsets were passed over a second time, read anew."""

    def __init__(self, compacted: Collection[str], metrics: ArchiveMetrics) -> None:
        """`compacted`: topics in which gaps are nothing to tell of."""
        self._compacted = compacted
        self._metrics = metrics
        self._seen: dict[Place, tuple[int, int]] = {}

    def is_doubtful(self, place: Place, wanted: int, came: int) -> bool:
        """Whether the partition is to be read anew, since `came` came where `wanted` was."""
        if came <= wanted or place.topic in self._compacted:
            return False
        gap = (wanted, came - 1)
        if self._seen.pop(place, None) == gap:
            log.error("archive_gap", place=str(place), first=wanted, last=came - 1, what="Kafka gives none")
            self._metrics.gaps.append(f"{place}: {wanted}-{came - 1}")
            return False
        self._seen[place] = gap
        log.warning("archive_gap_doubted", place=str(place), first=wanted, last=came - 1)
        return True
