"""Messages that no sender should send: seeded mutations of real ones, from flipped bytes to splices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

from producers.hl7.framing import END, START, frame

_VALUES = (
    b"",
    b'""',
    b"^^^",
    b"~~~",
    b"&&&",
    b"\\",
    b"\\X\\",
    b"\\XFF\\",
    b"\\.br\\",
    b"^~\\&",
    b"|" * 40,
    b"x" * 3_000,
    b"\xff\xfe",
    b"\xc3",
    b"\x0b",
    b"\x1c",
    b"\r\n",
    b"\n",
    b"\t\x00",
    "\u20ac\U0001f600".encode(),
    b"99999999999999",
    b"20261332256199",
    b"20260329023000",
    b"0000",
    b"-1",
    b"1" * 400,
    b"UNICODE UTF-8",
    b"8859/15",
    b"AL",
    b"NE",
    b"ER",
)
_TYPES = (
    b"ADT^A01",
    b"ADT^A40",
    b"ORM^O01",
    b"ORU^R01",
    b"SIU^S12",
    b"MDM^T02",
    b"OMI^O23",
    b"ACK",
    b"",
    b"^^^^",
)
_HEADERS = (
    b"MSH|^~\\&|",
    b"MSH#*!@$#",
    b"MSH||||",
    b"MSH",
    b"msh|^~\\&|",
    b"MSH|^~\\&#|",
    b"MSH\x00^~\\&\x00",
)

Mutation = Callable[[Random, bytes], bytes]


def _flip(random: Random, raw: bytes) -> bytes:
    changed = bytearray(raw)
    for _ in range(random.randint(1, 8)):
        changed[random.randrange(len(changed))] = random.randrange(256)
    return bytes(changed)


def _cut(random: Random, raw: bytes) -> bytes:
    start = random.randrange(len(raw))
    return raw[:start] + raw[start + random.randint(1, 200) :]


def _insert(random: Random, raw: bytes) -> bytes:
    at = random.randrange(len(raw))
    return raw[:at] + random.choice((random.randbytes(random.randint(1, 30)), *_VALUES)) + raw[at:]


def _end_early(random: Random, raw: bytes) -> bytes:
    return raw[: random.randrange(len(raw))]


def _change_field(random: Random, raw: bytes) -> bytes:
    segments = raw.split(b"\r")
    number = random.randrange(len(segments))
    fields = segments[number].split(b"|")
    fields[random.randrange(len(fields))] = random.choice(_VALUES)
    segments[number] = b"|".join(fields)
    return b"\r".join(segments)


def _change_header(random: Random, raw: bytes) -> bytes:
    fields = raw.split(b"\r", 1)[0].split(b"|")
    fields += [b""] * (21 - len(fields))
    fields[random.choice((6, 8, 9, 11, 14, 15, 17))] = random.choice(_VALUES + _TYPES)
    return b"|".join(fields) + b"\r" + raw.partition(b"\r")[2]


def _change_delimiters(random: Random, raw: bytes) -> bytes:
    return random.choice(_HEADERS) + raw[9:]


def _move_segments(random: Random, raw: bytes) -> bytes:
    segments = raw.split(b"\r")
    rest = segments[1:]
    random.shuffle(rest)
    return b"\r".join([segments[0], *rest[: random.randint(0, len(rest))], *rest[: random.randint(0, 3)]])


def _repeat_segment(random: Random, raw: bytes) -> bytes:
    segments = raw.split(b"\r")
    number = random.randrange(len(segments))
    return b"\r".join(segments[:number] + [segments[number]] * random.randint(2, 60) + segments[number:])


_MUTATIONS: Sequence[Mutation] = (
    _flip, _cut, _insert, _end_early, _change_field, _change_field, _change_header, _change_delimiters,
    _move_segments, _repeat_segment,
)  # fmt: skip


def mutated(random: Random, corpus: Sequence[bytes]) -> bytes:
    """One message, mutated one to three times; sometimes spliced with another one first."""
    raw = random.choice(corpus)
    if random.random() < 0.1:
        other = random.choice(corpus)
        raw = raw[: random.randrange(len(raw))] + other[random.randrange(len(other)) :]
    for _ in range(random.randint(1, 3)):
        raw = random.choice(_MUTATIONS)(random, raw) or b"\r"
    return raw


def on_the_wire(random: Random, raw: bytes) -> bytes:
    """`raw` in its block, or, one time in twenty, in a block that is wrong itself."""
    if random.random() >= 0.05:
        return frame(raw)
    return random.choice(
        (
            START + raw,
            START + START + raw + END,
            raw + END,
            START + raw + b"\x1c",
            START + raw + b"\r",
            START + END,
            START + raw[: len(raw) // 2] + START + raw + END,
            b"\x00\r\n" + frame(raw) + b"\r\r",
        )
    )
