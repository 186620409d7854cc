"""What one connection has read and not answered: blocks in, answers out, in the same order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from producers.hl7.framing import Block, Deframer, Junk, TooLong, frame

log = structlog.get_logger("hl7")


@dataclass(slots=True, eq=False)
class Exchange:
    """A message that was handed on, and its answers' place in the order."""

    size_bytes: int
    give: Callable[[], None]
    answers: list[bytes] | None = None

    def answered(self, answers: list[bytes]) -> None:
        """The answers are there."""
        self.answers = answers
        self.give()


class Unanswered:
    """The messages of one connection: those that wait to be handed on, then those that wait for answers.

    size_bytes: of all of them.
    """

    def __init__(self, max_message_bytes: int, give: Callable[[], None]) -> None:
        """`give` is called when a message has its answers; they may have to wait for those before."""
        self._deframer = Deframer(max_message_bytes)
        self._give = give
        self._waiting: deque[Block | TooLong] = deque()
        self._exchanges: deque[Exchange] = deque()
        self.size_bytes = 0

    def __len__(self) -> int:
        """How many messages, of those that are whole."""
        return len(self._waiting) + len(self._exchanges)

    @property
    def is_between_blocks(self) -> bool:
        """Whether no block has begun that has not ended."""
        return self._deframer.is_idle

    @property
    def unfinished_bytes(self) -> int:
        """What is kept of a block that has not ended."""
        return self._deframer.buffered_bytes

    @property
    def is_waiting(self) -> bool:
        """Whether a message waits to be handed on."""
        return bool(self._waiting)

    @property
    def handed_on(self) -> int:
        """How many messages wait for their answers."""
        return len(self._exchanges)

    def read(self, data: bytes) -> bool:
        """Take what the sender wrote; whether a message became whole."""
        became_whole = False
        for found in self._deframer.feed(data):
            if isinstance(found, Junk):
                log.warning("junk outside a block", size_bytes=found.size_bytes)
                continue
            self._waiting.append(found)
            self.size_bytes += _size_of(found)
            became_whole = True
        return became_whole

    def hand_on(self) -> tuple[Block | TooLong, Exchange]:
        """The next that waits: from now on it waits for its answers."""
        found = self._waiting.popleft()
        exchange = Exchange(_size_of(found), self._give)
        self._exchanges.append(exchange)
        return found, exchange

    def take_answers(self) -> list[bytes] | None:
        """The blocks of the answers that are next in order; None where the next has none yet."""
        exchanges = self._exchanges
        if not exchanges or exchanges[0].answers is None:
            return None
        ready: list[bytes] = []
        while exchanges and (answers := exchanges[0].answers) is not None:
            self.size_bytes -= exchanges.popleft().size_bytes
            ready += map(frame, answers)
        return ready


def _size_of(found: Block | TooLong) -> int:
    return len(found.content if isinstance(found, Block) else found.head)
