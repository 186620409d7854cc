"""Avro's variable-length zig-zag integers (Avro 1.12, Binary encoding), from tables where they are short."""

from __future__ import annotations

import struct
from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_BEGINS = 14  # bits in the two bytes that a table holds at once
_MASK = (1 << _BEGINS) - 1
_KNOWN_ENDS = 4096


def varint(zigzag: int) -> bytes:
    """The bytes of a number that is zig-zag coded already."""
    out = bytearray()
    while zigzag > 127:
        out.append(zigzag & 127 | 128)
        zigzag >>= 7
    out.append(zigzag)
    return bytes(out)


def zigzag_of(number: int) -> int:
    """Zig-zag code of a 64-bit integer. Raises OverflowError beyond it."""
    if not -(1 << 63) <= number < 1 << 63:
        raise OverflowError("an Avro long has 64 bits")
    return (number << 1) ^ (number >> 63)


class Numbers(dict[int, bytes]):
    """The bytes of an integer, by the integer: lengths and counts stand ready, others are made when asked."""

    def __missing__(self, number: int) -> bytes:
        return varint(zigzag_of(number))


class _Ends(dict[int, bytes]):
    """The bytes of the high bits of an instant: the same for two minutes, so the last few are kept."""

    def __missing__(self, high: int) -> bytes:
        if len(self) >= _KNOWN_ENDS:
            self.clear()
        made = self[high] = varint(high)
        return made


NUMBERS = Numbers((number, varint(number << 1)) for number in range(8192))
_PAIRS = [bytes((low & 127 | 128, low >> 7 | 128)) for low in range(1 << _BEGINS)]
_ENDS = _Ends()


def microseconds(instant_us: int) -> bytes:
    """The bytes of an instant in microseconds since the epoch: two table look-ups and a cached end."""
    zigzag = instant_us << 1
    if zigzag >> 2 * _BEGINS > 0:
        return _PAIRS[zigzag & _MASK] + _PAIRS[zigzag >> _BEGINS & _MASK] + _ENDS[zigzag >> 2 * _BEGINS]
    return NUMBERS[instant_us]


_TWO_WORDS = struct.Struct("<II").unpack_from
_GOING_ON = 0x80808080
_BEGINNING = _GOING_ON | 1  # the lowest bit is the sign


def _septets(word: int) -> int:
    """The 28 bits in the lower seven of each of four bytes."""
    return word & 0x7F | word >> 1 & 0x3F80 | word >> 2 & 0x1FC000 | word >> 3 & 0xFE00000


class _Bases(dict[int, datetime]):
    """The instant that the last four of eight bytes stand for, kept as `_Ends` are."""

    def __missing__(self, word: int) -> datetime:
        if len(self) >= _KNOWN_ENDS:
            self.clear()
        made = self[word] = EPOCH + timedelta(0, 0, _septets(word) << 27)
        return made


_BASES = _Bases()


def long_number(value: bytes, at: int) -> tuple[int, int]:
    """The integer whose first byte is `value[at]`, and the place of its last byte.

    Raises IndexError where the bytes end in it, ValueError where it has more than 64 bits.
    """
    byte = value[at]
    zigzag, shift = byte & 127, 7
    while byte & 128:
        at += 1
        byte = value[at]
        zigzag |= (byte & 127) << shift
        shift += 7
        if shift > 70 or zigzag >> 64:
            raise ValueError("an Avro long has 64 bits")
    return (zigzag >> 1) ^ -(zigzag & 1), at


def instant(value: bytes, at: int) -> tuple[datetime, int]:
    """The instant whose first byte is `value[at]`, UTC, and the place after its last byte.

    Those of our days have eight bytes. Raises as `long_number`, OverflowError beyond the years 1 to 9999.
    """
    if len(value) >= at + 8:
        low, high = _TWO_WORDS(value, at)
        if low & _BEGINNING == _GOING_ON and high & _GOING_ON == _GOING_ON >> 8:
            return _BASES[high] + timedelta(0, 0, _septets(low) >> 1), at + 8
    number, at = long_number(value, at)
    return EPOCH + timedelta(0, 0, number), at + 1


def long_length(value: bytes, at: int) -> tuple[int, int]:
    """A length of more than 63, as `long_number`. Raises ValueError where it is negative."""
    number, at = long_number(value, at)
    if number < 0:
        raise ValueError("a negative length")
    return number, at
