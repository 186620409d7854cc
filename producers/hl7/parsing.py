"""Bytes to a Message: decoded, line ends normalised, split with the sender's delimiters (ADR 10)."""

from __future__ import annotations

import hashlib

from producers.hl7.decoding import decode
from producers.hl7.delimiters import Delimiters
from producers.hl7.message import Message, Segment
from producers.hl7.rejections import UnparsableMessage

_NAME_AND_SEPARATOR = 4


def parse(raw: bytes) -> Message:
    """The message in `raw`. Raises UnparsableMessage."""
    decoded = decode(raw)
    lines = decoded.text.split("\r")
    lines.pop()  # after the last CR
    delimiters = Delimiters.of(lines[0])
    segments = _segments(lines, delimiters)
    digest = hashlib.sha256(decoded.text.encode("utf-8", "surrogatepass")).hexdigest()
    return Message(segments, delimiters, decoded.codec, digest, decoded.as_declared)


def _segments(lines: list[str], delimiters: Delimiters) -> list[Segment]:
    separator = delimiters.field
    segments: list[Segment] = []
    for line in lines:
        fields = line.split(separator)
        name, fields[0] = fields[0], separator  # MSH-1
        if name != "MSH":
            del fields[0]
        elif segments:
            raise UnparsableMessage("there is a second MSH")
        if len(line) < _NAME_AND_SEPARATOR:
            raise UnparsableMessage("a segment without a field")
        segments.append(Segment(name, fields, delimiters))
    return segments
