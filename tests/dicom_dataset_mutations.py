"""Data sets that no modality should send: seeded mutations of elements and of bytes, bombs, deep nests."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from random import Random

from benchmarks.dicom_upper_layer import EXPLICIT_LITTLE
from tests.dicom_datasets import UNDEFINED, Element, element_bytes, encoded, item

# No file may have it in its name.
ESCAPED = "escaped-by-fuzz"
_BOMB_BLOCK = 1 << 20
_VRS = (
    "AE",
    "AS",
    "AT",
    "CS",
    "DA",
    "DS",
    "DT",
    "FD",
    "IS",
    "LO",
    "OB",
    "PN",
    "SH",
    "SQ",
    "TM",
    "UI",
    "UL",
    "UN",
    "US",
    "UT",
)
_VALUES = (
    b"",
    b"\x00",
    b" " * 64,
    b"x" * 70_000,
    b"\\" * 500,
    b"=" * 9,
    b"^" * 9,
    b"1.2.3\\4.5.6",
    b"\xff\xfe\xfd",
    b"\x1b$B\x1b(J\x1b",
    b"99999999999999999999",
    b"20261399",
    b"20260101-",
    b"-",
    b"*",
    b"?" * 200,
    b"*" * 200 + b"x",
    b"1e999",
    b"NaN",
    b"IN PROGRESS",
    b"COMPLETED",
    b"'; DROP TABLE instances; --",
    b"%s%n{0}",
    "\u202e\U0001f600\u0000".encode(),
)
_UIDS = (
    b"",
    b"\x00\x00",
    b"../../../../" + ESCAPED.encode(),
    b"/" + ESCAPED.encode(),
    b"1.2.3/../../" + ESCAPED.encode(),
    b"..",
    b".",
    b"1..2",
    b"1.2.\x00" + ESCAPED.encode(),
    b"1." * 40_000,
    b"1." + b"9" * 62,
    b"1." + b"9" * 63,
    b"\xc3\x9c.1",
    "\u0661.\u0662".encode(),
    b"con",
    b"-1.2",
    b"1.2 ",
    b"%2e%2e%2f" + ESCAPED.encode(),
)
_CHARSETS = (
    b"ISO_IR 192",
    b"ISO 2022 IR 87",
    b"\\ISO 2022 IR 149",
    b"GB18030",
    b"ISO_IR 999",
    b"utf-8",
    b"",
    b"\\\\\\",
    b"rot13",
    b"idna",
)
_LIES = (
    "Ä".encode("latin-1"),
    "日本".encode(),
    b"\x1b$B;3ED\x1b(B^\x1b$)C\xb1\xe8",
    b"\xff" * 33,
    b"\x1b\x1b\x1b%G",
)
_UID_TAGS = frozenset({0x00080018, 0x0020000D, 0x0020000E, 0x00080016})
_PERSON_TAGS = frozenset({0x00100010, 0x00100020})


@cache
def _bomb_block() -> bytes:
    deflater = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return deflater.compress(bytes(_BOMB_BLOCK)) + deflater.flush(zlib.Z_FULL_FLUSH)


def deflate_bomb(elements: list[Element], gigabytes: int, *, at_front: bool) -> bytes:
    """Some MB that inflate to gigabytes of zeros: in one value, before or after what identifies the image."""
    size = gigabytes << 30
    deflater = zlib.compressobj(1, zlib.DEFLATED, -zlib.MAX_WBITS)
    head = elements[:2] if at_front else elements[:-1]
    tail = elements[2:] if at_front else []
    big = Element(0x00080015 if at_front else 0x7FE00010, "OB", b"", length=min(size, UNDEFINED - 1))
    content = deflater.compress(encoded(head, EXPLICIT_LITTLE) + element_bytes(big, is_explicit=True))
    content += deflater.flush(zlib.Z_FULL_FLUSH) + _bomb_block() * (size // _BOMB_BLOCK)
    ender = zlib.compressobj(1, zlib.DEFLATED, -zlib.MAX_WBITS)
    return content + ender.compress(encoded(tail, EXPLICIT_LITTLE)) + ender.flush()


def nested(depth: int, *, is_defined: bool) -> bytes:
    """Sequences within sequences: the value of one that holds all others, explicit VR."""
    if is_defined:  # lengths grow from the inside, so these are few
        content = b""
        for _ in range(min(depth, 300)):
            content = item(element_bytes(Element(0x00400100, "SQ", content), is_explicit=True))
        return content
    one = struct.pack("<HHI", 0xFFFE, 0xE000, UNDEFINED) + element_bytes(
        Element(0x00400100, "SQ", b"", length=UNDEFINED), is_explicit=True
    )
    return one * depth


def mutated_elements(random: Random, elements: list[Element]) -> list[Element]:
    """One to three things wrong with them."""
    for _ in range(random.choice((1, 1, 2, 3))):
        if elements:
            elements = random.choice(_CHANGES)(random, list(elements))
    return elements


def _drop(random: Random, elements: list[Element]) -> list[Element]:
    del elements[random.randrange(len(elements))]
    return elements


def _change(change: Callable[[Random, Element], Element]) -> Callable[[Random, list[Element]], list[Element]]:
    def changed(random: Random, elements: list[Element]) -> list[Element]:
        at = random.randrange(len(elements))
        elements[at] = change(random, elements[at])
        return elements

    return changed


def _value(random: Random, element: Element) -> Element:
    return replace(element, value=random.choice(_UIDS if element.tag in _UID_TAGS else _VALUES))


def _vr(random: Random, element: Element) -> Element:
    return replace(element, vr=random.choice((*_VRS, "zz", "\x00\x00", "\xff\xff", "  ", "O?")))


def _length(random: Random, element: Element) -> Element:
    true = len(element.value)
    lengths = (0, 1, true + 1, true + 2, max(true - 2, 0), 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFE, UNDEFINED)
    return replace(element, length=random.choice(lengths))


def _tag(random: Random, element: Element) -> Element:
    tags = (
        0x00000000,
        0x00020010,
        0xFFFEE000,
        0xFFFEE00D,
        0xFFFEE0DD,
        0xFFFFFFFF,
        0x00090010,
        random.getrandbits(32),
    )
    return replace(element, tag=random.choice(tags))


def _shuffle(random: Random, elements: list[Element]) -> list[Element]:
    random.shuffle(elements)
    return elements


def _repeat(random: Random, elements: list[Element]) -> list[Element]:
    at = random.randrange(len(elements))
    return elements[:at] + [elements[at]] * random.choice((2, 3, 500)) + elements[at:]


def _nest(random: Random, elements: list[Element]) -> list[Element]:
    is_defined = random.random() < 0.5
    value = nested(random.choice((3, 50, 999, 20_000)), is_defined=is_defined)
    place = random.choice((0x00080051, 0x00081140, 0x00400100, 0x00400270, 0x00091001))
    deep = Element(place, "SQ", value, None if is_defined else UNDEFINED)
    at = random.randrange(len(elements) + 1)
    return [*elements[:at], deep, *elements[at:]]


def _lie(random: Random, elements: list[Element]) -> list[Element]:
    """Of the character set."""
    told = [element for element in elements if element.tag != 0x00080005]
    told = [replace(e, value=random.choice(_LIES)) if e.tag in _PERSON_TAGS else e for e in told]
    return [Element(0x00080005, "CS", random.choice(_CHARSETS)), *told]


_CHANGES: tuple[Callable[[Random, list[Element]], list[Element]], ...] = (
    _drop,
    _change(_value),
    _change(_value),
    _change(_vr),
    _change(_length),
    _change(_tag),
    _shuffle,
    _repeat,
    _nest,
    _lie,
)


def mutated_bytes(random: Random, content: bytes) -> bytes:
    """Flipped, cut off, doubled, or with junk inside."""
    if not content:
        return content
    at = random.randrange(len(content))
    match random.randrange(4):
        case 0:
            changed = bytearray(content)
            for _ in range(random.choice((1, 3, 20))):
                changed[random.randrange(min(len(changed), 600))] = random.randrange(256)
            return bytes(changed)
        case 1:
            return content[:at]
        case 2:
            return content[:at] + content
        case _:
            return content[:at] + random.randbytes(random.choice((1, 2, 7, 300))) + content[at:]
