"""MLLP: a byte stream to messages. HL7 Transport Specification: MLLP, Release 1.

A block is SB, data, EB, CR. Data may hold a lone SB (a vertical tab in a report's text), but SB followed
by MSH begins a new block: the sender broke off and started again.
"""

from __future__ import annotations

from dataclasses import dataclass

START = b"\x0b"
END = b"\x1c\r"
_RESTART = START + b"MSH"
_HEAD_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Block:
    """A whole message."""

    content: bytes


@dataclass(frozen=True, slots=True)
class TooLong:
    """A message that exceeds the limit: its head. The rest of the block is passed over."""

    head: bytes


@dataclass(frozen=True, slots=True)
class Junk:
    """Bytes outside a block, or of a block that never ended: how many."""

    size_bytes: int


Frame = Block | TooLong | Junk


def frame(content: bytes) -> bytes:
    """`content` as one block."""
    return START + content + END


class Deframer:
    """Gives the same frames however the stream is cut into pieces (but for how junk is counted up)."""

    def __init__(self, max_message_bytes: int) -> None:
        """A block whose data exceeds `max_message_bytes` gives TooLong."""
        self._limit = max_message_bytes
        self._buffer = bytearray()
        self._inside = False
        self._passing_over = False
        self._searched = 0

    @property
    def is_idle(self) -> bool:
        """Whether no block has begun."""
        return not self._inside

    @property
    def buffered_bytes(self) -> int:
        """What is kept of a block that has not ended."""
        return len(self._buffer)

    def feed(self, data: bytes) -> list[Frame]:
        """What `data` completes, in order."""
        self._buffer += data
        frames: list[Frame] = []
        while self._step(frames):
            pass
        return frames

    def _step(self, frames: list[Frame]) -> bool:
        return self._read_block(frames) if self._inside else self._find_start(frames)

    def _find_start(self, frames: list[Frame]) -> bool:
        start = self._buffer.find(START)
        junk = self._buffer[: start if start >= 0 else len(self._buffer)]
        # Line ends and zero bytes between blocks are common, and harmless.
        if junk.strip(b"\r\n\x00"):
            frames.append(Junk(len(junk)))
        del self._buffer[: len(junk) + (start >= 0)]
        self._inside = start >= 0
        self._searched = 0
        return self._inside

    def _read_block(self, frames: list[Frame]) -> bool:
        end = self._buffer.find(END, self._searched)
        size = end if end >= 0 else len(self._buffer)
        if size > self._limit and not self._passing_over:
            frames.append(TooLong(bytes(self._buffer[:_HEAD_BYTES])))
            self._passing_over = True
        if end < 0:
            self._wait_for_end()
            return False
        if not self._passing_over:
            self._complete(bytes(self._buffer[:end]), frames)
        del self._buffer[: end + len(END)]
        self._inside = self._passing_over = False
        return bool(self._buffer)

    def _wait_for_end(self) -> None:
        # The end's first byte may be the last one here: search from it again.
        self._searched = max(len(self._buffer) - 1, 0)
        if self._passing_over:
            del self._buffer[: self._searched]
            self._searched = 0

    @staticmethod
    def _complete(content: bytes, frames: list[Frame]) -> None:
        restart = content.rfind(_RESTART)
        if restart >= 0:
            frames.append(Junk(restart))
            content = content[restart + len(START) :]
        frames.append(Block(content))
