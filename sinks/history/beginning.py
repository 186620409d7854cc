"""From which offset on a partition has to be read."""

from __future__ import annotations

from datetime import UTC, datetime

from schemas.codec import Codec
from sinks.archive.names import Place
from sinks.history.errors import HistoryGap
from sinks.history.reading import History
from sinks.history.selection import Selection
from sinks.history.times import times_of


def begin_at(history: History, place: Place, selection: Selection, codec: Codec) -> int:
    """The first offset, 0, unless what is wanted was recorded after the first message that is left.

    Raises HistoryGap where the first message that is left is later than what is wanted; ArchiveError,
    SchemaError.
    """
    low, end = history.ends(place)
    if low in (0, end) or selection.from_us is None or selection.sense != "recorded":
        return 0
    first = next(history.read(place, low, low + 1))[0]
    recorded_us = times_of(codec, first.value, first.timestamp_ms).recorded_us
    if recorded_us > selection.from_us:
        at = datetime.fromtimestamp(recorded_us / 1_000_000, UTC)
        raise HistoryGap(
            f"{place} begins with offset {low}, recorded at {at:%Y-%m-%d %H:%M:%S} UTC: what came before is "
            "gone. --from an instant after that reads the rest"
        )
    return low
