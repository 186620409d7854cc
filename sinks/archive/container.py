"""Avro object container files (Avro 1.12, Object Container Files): the same messages give the same bytes.

The sync marker, which Avro wants random, is derived from what is in the file; blocks are cut by their size.
Blocks are zstandard's. Another version of its library may compress otherwise: so what proves an event is a
hash of the event, and a file that is there already is accepted if it has the same events
(`sinks.archive.partition`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256

import cramjam
import orjson

from schemas.varints import NUMBERS, long_number
from sinks.archive.errors import ArchiveBroken
from sinks.archive.record import RECORD_SCHEMA, ArchivedMessage, decode_all

MAGIC = b"Obj\x01"
BLOCK_BYTES = 256 * 1024
SYNC_BYTES = 16
_LEVEL = 3
_SCHEMA = orjson.dumps(RECORD_SCHEMA)
_TOPIC, _PARTITION, _FIRST, _LAST = (
    f"radstream.{name}" for name in ("topic", "partition", "first_offset", "last_offset")
)


@dataclass(frozen=True, slots=True)
class Coverage:
    """What a file has: every message of the partition from offset `first` to `last` that Kafka had."""

    topic: str
    partition: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Block:
    """Compressed records."""

    count: int
    content: bytes

    def payload(self) -> bytes:
        """The records' bytes. Raises ArchiveBroken."""
        try:
            return bytes(cramjam.zstd.decompress(self.content))
        except cramjam.DecompressionError as error:
            raise ArchiveBroken("a block cannot be decompressed") from error


def block_of(records: list[bytes]) -> Block:
    """One block of these records."""
    return Block(len(records), bytes(cramjam.zstd.compress(b"".join(records), level=_LEVEL)))


def container(coverage: Coverage, events_root: bytes, blocks: list[Block]) -> bytes:
    """The file. `events_root`: the root of a Merkle tree over its events alone."""
    header = _header(coverage)
    sync = sha256(header + events_root).digest()[:SYNC_BYTES]
    parts = [MAGIC, header, sync]
    for block in blocks:
        parts += (NUMBERS[block.count], NUMBERS[len(block.content)], block.content, sync)
    return b"".join(parts)


def _header(coverage: Coverage) -> bytes:
    metadata = {
        "avro.schema": _SCHEMA,
        "avro.codec": b"zstandard",
        _TOPIC: coverage.topic.encode(),
        _PARTITION: str(coverage.partition).encode(),
        _FIRST: str(coverage.first).encode(),
        _LAST: str(coverage.last).encode(),
    }
    pairs = (_sized(name.encode()) + _sized(value) for name, value in metadata.items())
    return NUMBERS[len(metadata)] + b"".join(pairs) + b"\x00"


def _sized(content: bytes) -> bytes:
    return NUMBERS[len(content)] + content


def read_container(content: bytes) -> tuple[Coverage, list[Block]]:
    """What a file says that it has, and its blocks. Raises ArchiveBroken."""
    if content[:4] != MAGIC:
        raise ArchiveBroken("not an Avro object container file")
    try:
        metadata, at = _read_metadata(content, 4)
        coverage = Coverage(
            metadata[_TOPIC].decode(),
            int(metadata[_PARTITION]),
            int(metadata[_FIRST]),
            int(metadata[_LAST]),
        )
        if metadata["avro.schema"] != _SCHEMA or metadata["avro.codec"] != b"zstandard":
            raise ArchiveBroken("another schema or codec than the archive's")
        return coverage, list(_read_blocks(content, at))
    except (IndexError, KeyError, ValueError) as error:
        raise ArchiveBroken("the container is torn") from error


def messages_in(content: bytes) -> Iterator[tuple[ArchivedMessage, bytes]]:
    """Every message of a file, in order, with the bytes that its leaf is made of. Raises ArchiveBroken."""
    for block in read_container(content)[1]:
        yield from decode_all(block.payload(), block.count)


def _read_metadata(content: bytes, at: int) -> tuple[Mapping[str, bytes], int]:
    found: dict[str, bytes] = {}
    count, at = _read_size(content, at)
    while count:
        for _ in range(count):
            name, at = _read_sized(content, at)
            found[name.decode()], at = _read_sized(content, at)
        count, at = _read_size(content, at)
    return found, at


def _read_blocks(content: bytes, at: int) -> Iterator[Block]:
    sync, at = content[at : at + SYNC_BYTES], at + SYNC_BYTES
    while at < len(content):
        count, at = _read_size(content, at)
        block, at = _read_sized(content, at)
        if content[at : at + SYNC_BYTES] != sync:
            raise ValueError("a block does not end")
        at += SYNC_BYTES
        yield Block(count, block)


def _read_sized(content: bytes, at: int) -> tuple[bytes, int]:
    size, at = _read_size(content, at)
    if at + size > len(content):
        raise IndexError
    return content[at : at + size], at + size


def _read_size(content: bytes, at: int) -> tuple[int, int]:
    number, at = long_number(content, at)
    if number < 0:
        raise ValueError("a negative size")
    return number, at + 1
