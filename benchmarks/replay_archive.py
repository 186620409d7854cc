"""An archive of many events of departments, in a directory: made once, then read from a cache.

The log is that of `department_year.py`; of more than two million events the same stands there once more
under another issuer, so that its exams and events are others. One exam in fifty has something that is not
plain: a correction, a withdrawn report, images that were reconciled, merged patients, an event that came
twice, a clock that was wrong, an exam that went on after it was cancelled, late images.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast
from zlib import crc32

from benchmarks.department_year import department_year, read_events
from benchmarks.harness import progress
from benchmarks.replay_copies import _not_plain, copied
from runtime.settings import Settings
from schemas.cloudevents import headers
from schemas.codec import CLASS_BY_NAME, Codec
from schemas.contracts import self_contained
from schemas.events import (
    Event,
)
from schemas.topics import EVENTS
from sinks.archive.chain import ChainEnd
from sinks.archive.config import FileLimits
from sinks.archive.errors import ObjectMissing
from sinks.archive.names import Place
from sinks.archive.partition import PartitionArchive
from sinks.archive.record import ArchivedMessage
from sinks.archive.signing import Signer, public_keys

PARTITIONS = 4
SIGNER = Signer.of(bytes(range(32)))
KEYS = public_keys(SIGNER.public)
_OF_ONE_ISSUER = 2_000_000
_NAMES = sorted(CLASS_BY_NAME)
_IDS = {name: number for number, name in enumerate(_NAMES)}


def archive_codec() -> Codec:
    """A codec whose registry is the contracts themselves."""
    return Codec(_IDS, lambda number: json.dumps(self_contained(_NAMES[number])))


@dataclass(frozen=True, slots=True)
class Directory:
    """A bucket whose objects are files."""

    root: Path

    def put(self, name: str, content: bytes) -> bytes:
        """Written; what was there is replaced."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return content

    def get(self, name: str) -> bytes:
        """The object. Raises ObjectMissing."""
        try:
            return (self.root / name).read_bytes()
        except FileNotFoundError:
            raise ObjectMissing(name) from None

    def names(self, prefix: str, after: str | None = None) -> Iterator[str]:
        """Names in order."""
        found = (
            str(path.relative_to(self.root)) for path in (self.root / prefix).rglob("*") if path.is_file()
        )
        yield from sorted(name for name in found if name > (after or ""))


def replay_archive(events: int) -> Directory:
    """An archive with `events` events, and those that make one exam in fifty not plain."""
    digest = crc32("".join(str(self_contained(name)) for name in _NAMES).encode())
    path = Settings().cache / "benchmarks" / f"replay-archive-{events}-{digest:08x}"
    if not path.exists():
        progress(f"archiving {events:,} events of departments (once)")
        unfinished = Directory(path.with_suffix(".part"))
        _write(unfinished, events)
        unfinished.root.rename(path)
    return Directory(path)


def _write(store: Directory, events: int) -> None:
    archives = [
        PartitionArchive(
            Place(EVENTS, number),
            ChainEnd(),
            low=0,
            topic_id="-",
            store=store,
            signer=SIGNER,
            limits=FileLimits(),
        )
        for number in range(PARTITIONS)
    ]
    offsets = [0] * PARTITIONS
    for number, message in enumerate(_messages(events), 1):
        partition = crc32(message.key or b"") % PARTITIONS
        archive = archives[partition]
        archive.add(message._replace(offset=offsets[partition]), 0.0)
        offsets[partition] += 1
        if archive.is_full():
            archive.close_file()
        if number % 500_000 == 0:
            progress(f"  {number:,}")
    for archive in archives:
        archive.close_file()


def _messages(events: int) -> Iterator[ArchivedMessage]:
    """Their offsets are still to be given."""
    copies = -(-events // _OF_ONE_ISSUER)
    codec = archive_codec()
    for key, value in read_events(department_year(-(-events // copies)), _IDS):
        event = cast("Event", codec.decode(value))
        first = _message(event, key, value)
        for copy in range(copies):
            yield copied(first, copy)
            for more in _not_plain(event, copy):
                yield _message(more, more.envelope.exam_id.encode(), codec.encode(more))


def _message(event: Event, key: bytes, value: bytes) -> ArchivedMessage:
    stamp_ms = int(event.envelope.recorded_at.timestamp() * 1000)
    return ArchivedMessage(0, stamp_ms, key, value, tuple(headers(event)))
