"""What tests of the archive share: a bucket in memory that behaves as the store does, and messages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sinks.archive.chain import ChainEnd
from sinks.archive.config import FileLimits
from sinks.archive.errors import ObjectMissing
from sinks.archive.names import Place
from sinks.archive.partition import PartitionArchive
from sinks.archive.record import ArchivedMessage
from sinks.archive.signing import Signer, public_keys

SEED = bytes(range(32))
SIGNER = Signer.of(SEED)
KEYS = public_keys(SIGNER.public)
PLACE = Place("radstream.events.v1", 0)
TOPIC_ID = "an-invented-id"


class Died(BaseException):
    """The process dies here."""


class Bucket:
    """Objects by name, written once. It dies before or after the puts that the test says."""

    def __init__(self, objects: dict[str, bytes] | None = None) -> None:
        self.objects = objects if objects is not None else {}
        self.dies_before_put = -1
        self.dies_after_put = -1
        self.puts = 0

    def put(self, name: str, content: bytes) -> bytes:
        self.puts += 1
        if self.puts == self.dies_before_put:
            raise Died
        stored = self.objects.setdefault(name, content)
        if self.puts == self.dies_after_put:
            raise Died
        return stored

    def get(self, name: str) -> bytes:
        try:
            return self.objects[name]
        except KeyError:
            raise ObjectMissing(name) from None

    def names(self, prefix: str, after: str | None = None) -> Iterator[str]:
        yield from sorted(
            name for name in self.objects if name.startswith(prefix) and (after is None or name > after)
        )


def message(offset: int, content: bytes = b"") -> ArchivedMessage:
    """A message that is like no other."""
    return ArchivedMessage(
        offset,
        1_770_000_000_000 + offset * 1000,
        b"ISS|%d" % (offset % 7),
        content or b"value %d" % offset,
        (("ce_id", b"%036d" % offset), ("ce_type", b"radstream.events.OrderPlaced")),
    )


def archive_on(
    bucket: Bucket, end: ChainEnd, *, low: int = 0, events: int = 10, place: Place = PLACE
) -> PartitionArchive:
    """A partition's archive on the bucket."""
    return PartitionArchive(
        place,
        end,
        low=low,
        topic_id=TOPIC_ID,
        store=bucket,
        signer=SIGNER,
        limits=FileLimits(events=events),
    )


def feed(archive: PartitionArchive, messages: Iterable[ArchivedMessage]) -> None:
    """Give it the messages; files are closed when they are full, and at the end."""
    for one in messages:
        archive.add(one, 0.0)
        if archive.is_full():
            archive.close_file()
    archive.close_file()
