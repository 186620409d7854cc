"""Which offsets come from which file of the archive, and from where on they come from Kafka. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sinks.archive.manifest import Manifest
from sinks.archive.names import Place
from sinks.history.errors import HistoryGap


@dataclass(frozen=True, slots=True)
class Archived:
    """What the archive has of a partition.

    files: the manifests of its files, in the order of their offsets. lost: first and last offset of what
    Kafka had deleted before it was archived. next_offset: where the archive goes on. topic_id: Kafka's id of
    the topic that was archived; None where nothing was.
    """

    files: Sequence[Manifest] = ()
    lost: Sequence[tuple[int, int]] = ()
    next_offset: int = 0
    topic_id: str | None = None

    @classmethod
    def of(cls, manifests: Sequence[Manifest], files: Sequence[Manifest]) -> Archived:
        """What a whole chain says; `files`: those of its manifests whose files are in use."""
        if not manifests:
            return cls()
        last = manifests[-1]
        lost = [one.lost for one in manifests if one.lost is not None]
        return cls(files, lost, last.next_offset, last.topic_id)


@dataclass(frozen=True, slots=True)
class Kept:
    """What Kafka has of a partition: the first offset, the one it will give next, the id of the topic."""

    low: int
    high: int
    topic_id: str


@dataclass(frozen=True, slots=True)
class Stretches:
    """What is read: these files, and after them Kafka from offset `kafka_from` on; None: nothing of Kafka."""

    files: Sequence[Manifest]
    kafka_from: int | None


def whole(place: Place, archived: Archived, kept: Kept, start: int, end: int) -> Stretches:
    """Where each offset from `start` to before `end` comes from. Raises HistoryGap where one is nowhere."""
    _require_same(place, archived, kept)
    for first, last in archived.lost:
        if first < end and last >= start:
            raise HistoryGap(
                f"{place} has a gap, offsets {first} to {last}: Kafka had deleted them before they were "
                "archived. If they are the first ones, --from an instant after them reads the rest"
            )
    seam = max(start, archived.next_offset)
    if seam < min(end, kept.low):
        raise HistoryGap(
            f"{place} has a gap, offsets {seam} to {min(end, kept.low) - 1}: the archive ends before them "
            "and Kafka begins after them. If the archive's process is down, start it: it names what is lost"
        )
    files = [one for one in archived.files if one.first < end and one.last >= start]
    return Stretches(files, seam if seam < end else None)


def first_offset(archived: Archived, kept: Kept) -> int:
    """The first offset that either has."""
    return min(archived.files[0].first, kept.low) if archived.files else kept.low


def _require_same(place: Place, archived: Archived, kept: Kept) -> None:
    is_same = archived.topic_id in (None, kept.topic_id) and archived.next_offset <= kept.high
    if not is_same:
        raise HistoryGap(
            f"{place} of Kafka does not go on where the archive ends, at offset {archived.next_offset}: "
            "the topic was made anew or lost its end. See `radstream verify --compare`; bring the topic back"
        )
