"""The messages in a file: one or several, a batch (FHS, BHS), or a capture with MLLP framing."""

from __future__ import annotations

import re

from producers.hl7.framing import START, Block, Deframer

_BATCH_SEGMENTS = frozenset({b"FHS", b"BHS", b"BTS", b"FTS"})
_LINE = re.compile(rb"\r\n|\r|\n")


def messages_in(raw: bytes) -> list[bytes]:
    """Each message as it stands; what is before the first MSH, and a batch's own segments, are left out."""
    if raw.startswith(START):
        return [frame.content for frame in Deframer(len(raw)).feed(raw) if isinstance(frame, Block)]
    if b"M\x00S\x00H" in raw[:8]:  # UTF-16: one message to a file
        return [raw]
    text = _LINE.sub(b"\r", raw)
    starts = [match.start() for match in re.finditer(rb"(?:^|(?<=\r))(?:\xef\xbb\xbf)?MSH", text)]
    ends = [*starts[1:], len(text)][: len(starts)]
    return [_without_batch(text[start:end]) for start, end in zip(starts, ends, strict=True)]


def _without_batch(message: bytes) -> bytes:
    lines = [line for line in message.split(b"\r") if line[:3] not in _BATCH_SEGMENTS]
    return b"\r".join(lines)
