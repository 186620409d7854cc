"""Data sets as modalities send them, as elements that can be changed one by one before they are encoded."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from random import Random

from benchmarks.dicom_upper_layer import DEFLATED, EXPLICIT_LITTLE, IMPLICIT_LITTLE

CT = "1.2.840.10008.5.1.4.1.1.2"
# Stands in no log, and in no file in clear.
PATIENT = "FUZZED^PATIENT"
_LONG_VRS = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "SQ", "UC", "UN", "UR", "UT", "SV", "UV"})
UNDEFINED = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Element:
    """length: what is said of the value's length; None for the truth."""

    tag: int
    vr: str
    value: bytes
    length: int | None = None


def uid(random: Random) -> str:
    """A new one under 2.25."""
    return f"2.25.{random.randrange(10**37, 10**38)}"


def image(random: Random, instance: str) -> list[Element]:
    """A CT slice of 8 x 8."""
    return [
        Element(0x00080005, "CS", b"ISO_IR 100"),
        Element(0x00080016, "UI", CT.encode()),
        Element(0x00080018, "UI", instance.encode()),
        Element(0x00080020, "DA", b"20260302"),
        Element(0x00080030, "TM", b"081500"),
        Element(0x00080050, "SH", f"F{random.randrange(10**9)}".encode()),
        Element(0x00080060, "CS", b"CT"),
        Element(0x00100010, "PN", PATIENT.encode()),
        Element(0x00100020, "LO", f"P{random.randrange(10**9)}".encode()),
        Element(0x00100030, "DA", b"19700101"),
        Element(0x0020000D, "UI", uid(random).encode()),
        Element(0x0020000E, "UI", uid(random).encode()),
        Element(0x00280010, "US", struct.pack("<H", 8)),
        Element(0x00280011, "US", struct.pack("<H", 8)),
        Element(0x7FE00010, "OW", random.randbytes(128)),
    ]


def performed_step(random: Random, *, is_new: bool) -> list[Element]:
    """What N-CREATE or the last N-SET of a modality brings."""
    scheduled = encoded(
        [
            Element(0x00080050, "SH", f"F{random.randrange(10**9)}".encode()),
            Element(0x0020000D, "UI", uid(random).encode()),
        ],
        EXPLICIT_LITTLE,
    )
    created = [
        Element(0x00080060, "CS", b"CT"),
        Element(0x00100010, "PN", PATIENT.encode()),
        Element(0x00100020, "LO", b"P1"),
        Element(0x00400241, "AE", b"CT01"),
        Element(0x00400244, "DA", b"20260302"),
        Element(0x00400245, "TM", b"081500"),
        Element(0x00400252, "CS", b"IN PROGRESS"),
        Element(0x00400253, "SH", b"STEP1"),
        Element(0x00400270, "SQ", item(scheduled)),
    ]
    ended = [
        Element(0x00400250, "DA", b"20260302"),
        Element(0x00400251, "TM", b"083000"),
        Element(0x00400252, "CS", random.choice((b"COMPLETED", b"DISCONTINUED"))),
        Element(
            0x00400340,
            "SQ",
            item(encoded([Element(0x0020000E, "UI", uid(random).encode())], EXPLICIT_LITTLE)),
        ),
    ]
    return created if is_new else ended


def worklist_keys(_random: Random) -> list[Element]:
    """A modality's question for its day."""
    step = [
        Element(0x00080060, "CS", b"CT"),
        Element(0x00400001, "AE", b""),
        Element(0x00400002, "DA", b"20260302"),
    ]
    return [
        Element(0x00080050, "SH", b""),
        Element(0x00100010, "PN", b"F*"),
        Element(0x00100020, "LO", b""),
        Element(0x00400100, "SQ", item(encoded(step, EXPLICIT_LITTLE))),
    ]


def study_keys(random: Random) -> list[Element]:
    """A question of Query/Retrieve, or what to retrieve."""
    return [
        Element(0x00080020, "DA", b"20260101-"),
        Element(0x00080050, "SH", b""),
        Element(0x00080052, "CS", random.choice((b"STUDY", b"SERIES", b"IMAGE", b"PATIENT", b""))),
        Element(0x00100010, "PN", b"F*"),
        Element(0x00100020, "LO", b""),
        Element(0x0020000D, "UI", random.choice((b"", uid(random).encode()))),
    ]


def commitment(random: Random) -> list[Element]:
    """A question for storage commitment."""
    asked = [Element(0x00081150, "UI", CT.encode()), Element(0x00081155, "UI", uid(random).encode())]
    return [
        Element(0x00081195, "UI", uid(random).encode()),
        Element(0x00081199, "SQ", item(encoded(asked, EXPLICIT_LITTLE)) * random.choice((1, 1, 300))),
    ]


def item(content: bytes) -> bytes:
    """An item of a sequence."""
    return struct.pack("<HHI", 0xFFFE, 0xE000, len(content)) + content


def encoded(elements: list[Element], transfer_syntax: str) -> bytes:
    """The elements as they stand, in their order, with the lengths that they claim."""
    content = b"".join(
        element_bytes(element, is_explicit=transfer_syntax != IMPLICIT_LITTLE) for element in elements
    )
    return _deflated(content) if transfer_syntax == DEFLATED else content


def element_bytes(element: Element, *, is_explicit: bool) -> bytes:
    """One element, with the length that it claims."""
    value = element.value + (b"\x00" if element.vr == "UI" else b" ") * (len(element.value) % 2)
    length = len(value) if element.length is None else element.length
    tag = struct.pack("<HH", element.tag >> 16, element.tag & 0xFFFF)
    if not is_explicit:
        return tag + struct.pack("<I", length) + value
    vr = element.vr.encode("latin-1")
    if element.vr in _LONG_VRS:
        return tag + vr + struct.pack("<xxI", length) + value
    if element.length is None and len(value) > 0xFFFE:
        value = value[:0xFFFE]
        length = len(value)
    return tag + vr + struct.pack("<H", length & 0xFFFF) + value


def _deflated(content: bytes) -> bytes:
    deflater = zlib.compressobj(1, zlib.DEFLATED, -zlib.MAX_WBITS)
    return deflater.compress(content) + deflater.flush()
