"""Many messages read side by side, one place in each (Avro 1.12, Binary encoding).

A message that is not as we write it is sent beyond the end of all bytes, from where no reading comes back:
who asks in the end whether each place is at the end of its message knows which ones were read rightly.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from schemas.varints import EPOCH

Bytes = npt.NDArray[np.uint8]
Places = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

# As many as any reading takes beyond the last byte.
_PADDING = 16
_WORD = np.dtype("<u8")
_LAST_SHIFT = 56  # nine bytes; what needs ten is left to the careful way
_US = 10**6
_FIRST_US = int((datetime.min.replace(tzinfo=UTC) - EPOCH).total_seconds()) * _US
_LAST_US = (int((datetime.max.replace(tzinfo=UTC) - EPOCH).total_seconds()) + 1) * _US - 1
_NOT_SHORT = 0b1000_0001  # it goes on in the next byte, or is negative
_GOING_ON = np.uint64(0x8080808080808080)
_OF_EIGHT_BYTES = np.uint64(0x0080808080808080)
# To bring the septets of eight bytes together: a mask of those that stay, one of those that move, how far.
_TOGETHER = tuple(
    tuple(map(np.uint64, step))
    for step in (
        (0x007F007F007F007F, 0x7F007F007F007F00, 1),
        (0x00003FFF00003FFF, 0x3FFF00003FFF0000, 2),
        (0x000000000FFFFFFF, 0x0FFFFFFF00000000, 4),
    )
)


class Heap:
    """The bytes of many messages, one behind the other. `starts` and `ends`: where each of them stands."""

    def __init__(self, messages: Sequence[bytes]) -> None:
        whole = b"".join((*messages, bytes(_PADDING)))
        self.buffer = pa.py_buffer(whole)
        self.data: Bytes = np.frombuffer(whole, np.uint8)
        # The eight bytes from each place on.
        self.words = np.ndarray((len(whole) - 7,), _WORD, whole, strides=(1,))
        self.ends: Places = np.cumsum(np.fromiter(map(len, messages), np.int64, len(messages)))
        self.starts: Places = np.concatenate((np.zeros(1, np.int64), self.ends[:-1]))
        self.beyond = len(whole) - _PADDING + 1

    def holding(self, starts: Places, ends: Places) -> Heap:
        """The same bytes, with other messages in them: each from its start to its end, in their order."""
        same = copy(self)
        same.starts, same.ends = starts, ends
        return same


class Cursor:
    """A place in each of some messages; every reading takes one value of each, and goes behind it."""

    __slots__ = ("_heap", "at")

    def __init__(self, heap: Heap, at: Places) -> None:
        self._heap = heap
        self.at = at

    def only(self, chosen: Flags | Places) -> Cursor:
        """A cursor over some of the messages."""
        return Cursor(self._heap, self.at[chosen])

    def give_up(self, wrong: Flags) -> None:
        """Send these beyond the end."""
        if wrong.any():
            self.at = np.where(wrong, self._heap.beyond, self.at)

    def number(self) -> Places:
        """An int or a long."""
        heap, at = self._heap, self.at
        byte = heap.data[at]
        zigzag = (byte & 127).astype(np.uint64)
        at = np.minimum(at + 1, heap.beyond)
        going = np.flatnonzero(byte > 127)
        shift = 7
        while going.size:
            if shift > _LAST_SHIFT:
                at[going] = heap.beyond
                break
            byte = heap.data[at[going]]
            zigzag[going] |= (byte & 127).astype(np.uint64) << np.uint64(shift)
            at[going] = np.minimum(at[going] + 1, heap.beyond)
            going, shift = going[byte > 127], shift + 7
        self.at = at
        return _plain(zigzag)

    def count(self) -> Places:
        """A number that is not below 0; of a message where it is, 0."""
        number = self.number()
        wrong = number < 0
        self.give_up(wrong)
        return np.where(wrong, 0, number) if wrong.any() else number

    def slices(self) -> tuple[Places, Places]:
        """Where a string or bytes begin and end."""
        length = self.count()
        start = self.at
        self.at = np.minimum(start + length, self._heap.beyond)
        return start, self.at

    def skip(self) -> None:
        """Go behind a string or bytes that nobody asks for. Most have fewer than 64 bytes."""
        length = self._heap.data[self.at]
        if (length & _NOT_SHORT).any():
            self.slices()
            return
        self.at = np.minimum(self.at + (length >> 1) + 1, self._heap.beyond)

    def instant(self) -> Places:
        """Microseconds since 1970, within the years 1 to 9999. Those of our days have eight bytes."""
        word = self._heap.words[self.at]
        if ((word & _GOING_ON) == _OF_EIGHT_BYTES).all():
            self.at = np.minimum(self.at + 8, self._heap.beyond)
            word = word & ~_GOING_ON
            for stay, move, by in _TOGETHER:
                word = (word & stay) | ((word & move) >> by)
            return _plain(word)
        number = self.number()
        self.give_up((number < _FIRST_US) | (number > _LAST_US))
        return number

    def double(self) -> npt.NDArray[np.float64]:
        """A double."""
        word = self._heap.words[self.at]
        self.at = np.minimum(self.at + 8, self._heap.beyond)
        return word.view(np.float64)

    def either(self, no: int, yes: int) -> Flags:
        """A byte of two that may stand here: whether it is `yes`."""
        byte = self._heap.data[self.at]
        self.at = np.minimum(self.at + 1, self._heap.beyond)
        is_yes: Flags = byte == yes
        self.give_up(~is_yes & (byte != no))
        return is_yes


def _plain(zigzag: npt.NDArray[np.uint64]) -> Places:
    number: Places = (zigzag >> np.uint64(1)).view(np.int64) ^ -(zigzag & np.uint64(1)).view(np.int64)
    return number
