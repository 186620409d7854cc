"""Events per second and core that the archive writes and verifies, beside plain fastavro without any proof.

The same messages, events of a simulated department with their headers, go both ways. Ours: encode, hash,
compress, file, Merkle tree, signed manifest; back: digest, decompress, decode, hash, tree, signature, chain,
seal. The peer: fastavro's writer and reader of the same records with the same codec, nothing hashed. Objects
are kept in memory, so that the figures are of this process alone and not of a store. Wanted: 50,000 events a
second, so 20 us each.
"""

from __future__ import annotations

import io
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from itertools import chain
from pathlib import Path
from typing import Any

import fastavro

from benchmarks.department_events import department_events
from benchmarks.harness import Options, Result, parse_options, progress, report
from schemas.cloudevents import headers
from schemas.codec import CLASS_BY_NAME, Codec
from schemas.contracts import self_contained
from sinks.archive.chain import ChainEnd
from sinks.archive.config import FileLimits
from sinks.archive.errors import ObjectMissing
from sinks.archive.merkle import inclusion_path
from sinks.archive.names import Place
from sinks.archive.partition import PartitionArchive
from sinks.archive.record import RECORD_SCHEMA, ArchivedMessage
from sinks.archive.sealing import Sealer
from sinks.archive.signing import Signer, public_keys
from sinks.archive.verification import Span, verify

QUICK_EXAMS, FULL_EXAMS = 1_500, 12_000
_PLACE = Place("radstream.events.v1", 0)
_SIGNER = Signer.of(bytes(range(32)))
_KEYS = public_keys(_SIGNER.public)
_HUNDRED_MILLION = 100_000_000


class Memory:
    """Objects in memory, as the archive's store has them."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def put(self, name: str, content: bytes) -> bytes:
        """What is there under that name after."""
        return self.objects.setdefault(name, content)

    def get(self, name: str) -> bytes:
        """The object."""
        try:
            return self.objects[name]
        except KeyError:
            raise ObjectMissing(name) from None

    def names(self, prefix: str, after: str | None = None) -> Iterator[str]:
        """Names in order."""
        yield from sorted(name for name in self.objects if name.startswith(prefix) and name > (after or ""))


def messages(exams: int) -> list[ArchivedMessage]:
    """The events of so many exams as Kafka has them."""
    names = sorted(CLASS_BY_NAME)
    codec = Codec(
        {name: number for number, name in enumerate(names)}, lambda n: str(self_contained(names[n]))
    )
    return [
        ArchivedMessage(
            offset,
            int(event.envelope.recorded_at.timestamp() * 1000),
            event.envelope.exam_id.encode(),
            codec.encode(event),
            headers(event),
        )
        for offset, event in enumerate(chain.from_iterable(department_events(exams)))
    ]


def archived(some: Sequence[ArchivedMessage], directory: Path) -> Memory:
    """All of them in the archive, sealed."""
    memory = Memory()
    archive = PartitionArchive(
        _PLACE,
        ChainEnd(),
        low=0,
        topic_id="id",
        store=memory,
        signer=_SIGNER,
        limits=FileLimits(),
    )
    for message in some:
        archive.add(message, 0.0)
        if archive.is_full():
            archive.close_file()
    archive.close_file()
    Sealer(memory, _SIGNER, _KEYS, directory / "witness.json").seal([archive.end])
    return memory


def verified(memory: Memory, events: int) -> None:
    """All of it checked."""
    walked = verify(memory, _KEYS, span=Span(), anchors={}, tell=lambda _what, _done, _total: None)
    if walked.found.faults or walked.found.events != events:
        raise SystemExit(f"the archive is not what was archived: {walked.found}")


def peer_written(some: Sequence[ArchivedMessage]) -> bytes:
    """The same messages by fastavro's writer."""
    file = io.BytesIO()
    schema: Any = fastavro.parse_schema(RECORD_SCHEMA)
    records = (
        {
            "offset": one.offset,
            "timestamp_ms": one.timestamp_ms,
            "key": one.key,
            "value": one.value,
            "headers": [{"name": name, "value": value} for name, value in one.headers],
        }
        for one in some
    )
    fastavro.writer(file, schema, records, codec="zstandard")
    return file.getvalue()


def cpu_us(call: Callable[[], object], events: int, rounds: int) -> float:
    """CPU microseconds of this process for each event, the least of the rounds."""
    spent = []
    for _ in range(rounds):
        began_s = time.process_time()
        call()
        spent.append(time.process_time() - began_s)
    return round(min(spent) / events * 1e6, 2)


def proof_bytes() -> int:
    """The hashes of one event's proof in a tree of 100 million, in bytes."""
    return sum(len(one) for one in inclusion_path(_HUNDRED_MILLION // 3, _HUNDRED_MILLION, _some_hash))


def _some_hash(level: int, index: int) -> bytes:
    return sha256(b"%d/%d" % (level, index)).digest()


def ours_measured(some: Sequence[ArchivedMessage], place: Path, rounds: int) -> dict[str, float]:
    """The archive's figures."""
    memory = archived(some, place)
    return {
        "archive_us_per_event": cpu_us(lambda: archived(some, place), len(some), rounds),
        "verify_us_per_event": cpu_us(lambda: verified(memory, len(some)), len(some), rounds),
        "stored_bytes_per_event": round(sum(map(len, memory.objects.values())) / len(some), 1),
        "proof_bytes_at_100_million_events": proof_bytes(),
    }


def peer_measured(some: Sequence[ArchivedMessage], rounds: int) -> dict[str, float]:
    """fastavro's figures."""
    content = peer_written(some)
    return {
        "archive_us_per_event": cpu_us(lambda: peer_written(some), len(some), rounds),
        "verify_us_per_event": cpu_us(
            lambda: sum(1 for _ in fastavro.reader(io.BytesIO(content))), len(some), rounds
        ),
        "stored_bytes_per_event": round(len(content) / len(some), 1),
    }


def main(options: Options) -> None:
    """Measure and report."""
    progress("making the events of a department")
    some = messages(QUICK_EXAMS if options.quick else FULL_EXAMS)
    rounds = 2 if options.quick else 3
    progress(f"archiving and verifying {len(some)} events")
    with tempfile.TemporaryDirectory() as directory:
        ours = ours_measured(some, Path(directory), rounds)
    progress("the same by fastavro")
    peer = peer_measured(some, rounds)
    per_second = {name: int(1e6 / ours[f"{name}_us_per_event"]) for name in ("archive", "verify")}
    raw = sum(len(one.value or b"") for one in some) / len(some)
    notes = (
        f"per second and core: {per_second['archive']:,} archived, {per_second['verify']:,} verified",
        f"{len(some):,} events with {raw:.0f} bytes of value and 7 headers each",
    )
    report(Result(benchmark="archive", ours=ours, peers={"fastavro": peer}, notes=notes), options)


if __name__ == "__main__":
    main(parse_options(__doc__))
