"""One message of Kafka as an Avro record, and back: its bytes are what the Merkle tree is made over.

The encoding is canonical: one message has one encoding, and one encoding is of one message. Encoder and
decoder are written out, since they are asked for each message of the log; the tests hold them against
fastavro's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from schemas.varints import NUMBERS, long_number, varint, zigzag_of
from sinks.archive.errors import ArchiveBroken

Header = tuple[str, bytes | None]

RECORD_SCHEMA: dict[str, Any] = {
    "type": "record",
    "name": "ArchivedMessage",
    "namespace": "radstream.archive",
    "doc": "One message of Kafka, as it was.",
    "fields": [
        {"name": "offset", "type": "long", "doc": "Offset in the partition."},
        {"name": "timestamp_ms", "type": "long", "doc": "Kafka's timestamp, ms since the epoch; -1: none."},
        {"name": "key", "type": ["null", "bytes"], "doc": "The message's key; null where it has none."},
        {"name": "value", "type": ["null", "bytes"], "doc": "The message's value; null is a tombstone."},
        {
            "name": "headers",
            "doc": "In their order; a name may be there more than once.",
            "type": {
                "type": "array",
                "items": {
                    "type": "record",
                    "name": "Header",
                    "fields": [
                        {"name": "name", "type": "string"},
                        {"name": "value", "type": ["null", "bytes"]},
                    ],
                },
            },
        },
    ],
}
_NULL, _SOME, _END = b"\x00", b"\x02", b"\x00"
_MOST_NAMES = 4096


class ArchivedMessage(NamedTuple):
    """A message as Kafka has it. `timestamp_ms` is -1 where it has none."""

    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[Header] = ()


class _Names(dict[str, bytes]):
    """The bytes of a header's name, by the name: there are few, and they come with each message."""

    def __missing__(self, name: str) -> bytes:
        text = name.encode()
        if len(self) >= _MOST_NAMES:
            self.clear()
        made = self[name] = NUMBERS[len(text)] + text
        return made


_NAMES = _Names()


def encode(message: ArchivedMessage) -> bytes:
    """The record's bytes."""
    offset, timestamp_ms, key, value, headers = message
    parts = [varint(zigzag_of(offset)), varint(zigzag_of(timestamp_ms))]
    parts += (_NULL,) if key is None else (_SOME, NUMBERS[len(key)], key)
    parts += (_NULL,) if value is None else (_SOME, NUMBERS[len(value)], value)
    if headers:
        parts.append(NUMBERS[len(headers)])
        for name, content in headers:
            parts += (
                (_NAMES[name], _NULL)
                if content is None
                else (_NAMES[name], _SOME, NUMBERS[len(content)], content)
            )
    parts.append(_END)
    return b"".join(parts)


def decode_all(payload: bytes, count: int) -> Iterator[tuple[ArchivedMessage, bytes]]:
    """The `count` records of `payload`, each with its bytes. Raises ArchiveBroken where it is not exactly
    that.
    """
    start = 0
    try:
        for _ in range(count):
            message, end = _decode(payload, start)
            yield message, payload[start:end]
            start = end
    except (IndexError, ValueError) as error:
        raise ArchiveBroken(f"a record cannot be read at byte {start} of its block") from error
    if start != len(payload):
        raise ArchiveBroken(f"a block has {len(payload) - start} bytes more than its records")


def _decode(payload: bytes, at: int) -> tuple[ArchivedMessage, int]:
    offset, at = long_number(payload, at)
    timestamp_ms, at = long_number(payload, at + 1)
    key, at = _optional(payload, at + 1)
    value, at = _optional(payload, at)
    headers: list[Header] = []
    count, at = _length(payload, at)
    for _ in range(count):
        size, at = _length(payload, at)
        name = payload[at : at + size].decode()
        content, at = _optional(payload, at + size)
        headers.append((name, content))
    if count and payload[at] == 0:
        at += 1
    elif count:
        raise ValueError("headers do not end")
    return ArchivedMessage(offset, timestamp_ms, key, value, tuple(headers)), at


def _optional(payload: bytes, at: int) -> tuple[bytes | None, int]:
    branch = payload[at]
    if branch == 0:
        return None, at + 1
    if branch != 2:
        raise ValueError("neither null nor bytes")
    size, at = _length(payload, at + 1)
    end = at + size
    if end > len(payload):
        raise IndexError
    return payload[at:end], end


def _length(payload: bytes, at: int) -> tuple[int, int]:
    byte = payload[at]
    if byte < 128:
        if byte & 1:
            raise ValueError("a negative length")
        return byte >> 1, at + 1
    number, at = long_number(payload, at)
    if number < 0:
        raise ValueError("a negative length")
    return number, at + 1
