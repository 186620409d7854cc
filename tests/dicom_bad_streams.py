"""Streams that no application entity should send: wrong PDUs, fragments, commands and associations."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from benchmarks.dicom_upper_layer import (
    ABORT,
    EXPLICIT_LITTLE,
    P_DATA,
    RELEASE_RQ,
    VERIFICATION,
    Context,
    associate_request,
    c_echo,
    command,
    p_data,
    pdu,
    uid_value,
    us,
)
from tests.dicom_bad_requests import CONTEXTS, TRICKS, good_store, stream
from tests.dicom_dataset_mutations import mutated_bytes
from tests.dicom_datasets import CT, uid


@dataclass(frozen=True, slots=True)
class Stream:
    """Bytes on a connection of their own. associates: whether an association is opened in order before."""

    kind: str
    content: bytes
    associates: bool
    resets: bool


def bad_command(random: Random) -> Stream:
    """What no request is: parts missing or doubled, unknown, answers that nobody asked for."""
    fields = {
        0x0002: uid_value(random.choice((CT, VERIFICATION, "", "1.2.3"))),
        0x0100: us(random.choice((0x0001, 0x0020, 0x0030, 0x8001, 0x0FFF, 0x1234, 0x0140, 0x0130, 0xFFFF))),
        0x0110: random.choice((us(1), b"", b"\x01", bytes(70))),
        0x0700: us(random.choice((0, 2, 9))),
        0x0800: us(random.choice((1, 0x0101))),
        0x1000: uid_value(random.choice((*TRICKS, uid(random)))),
    }
    for tag in random.sample(sorted(fields), random.choice((0, 1, 1, 2))):
        del fields[tag]
    content = command(*fields.items())
    if random.random() < 0.5:
        content = mutated_bytes(random, content)
    made = stream(random.choice((1, 7, 9, 11)), content, random.choice((None, b"", bytes(100))))
    return _stream(random, "command", made)


def _stream(random: Random, kind: str, content: bytes, *, associates: bool = True) -> Stream:
    return Stream(kind, content, associates, resets=random.random() < 0.3)


def _good_stream(random: Random) -> bytes:
    _, request = good_store(random)
    return request.stream() + p_data(7, c_echo(1), is_command=True)


def cut(random: Random) -> Stream:
    content = _good_stream(random)
    return _stream(random, "cut", content[: random.randrange(len(content))])


def wrong_length(random: Random) -> Stream:
    content = bytearray(_good_stream(random))
    length = random.choice((0, 1, 3, 0x7FFFFFFF, 0xFFFFFFFF, 0x00FFFFFF, random.randrange(1000)))
    struct.pack_into(">I", content, random.choice((2, 6)), length)
    return _stream(random, "length", bytes(content))


def unknown_pdu(random: Random) -> Stream:
    kind = random.choice((0, 8, 9, 0x7F, 0xFF, 2, 3, 6, 1))
    return _stream(
        random,
        "PDU type",
        pdu(kind, random.randbytes(random.choice((0, 4, 200)))),
        associates=random.random() < 0.7,
    )


def abort_in_the_middle(random: Random) -> Stream:
    _, request = good_store(random)
    whole = request.stream()
    first = 6 + struct.unpack_from(">I", whole, 2)[0]
    end = random.choice(
        (pdu(ABORT, bytes(4)), pdu(RELEASE_RQ, bytes(4)), pdu(ABORT, b""), pdu(RELEASE_RQ, bytes(90)))
    )
    return _stream(random, "abort", whole[:first] + end + whole[first:])


def wrong_context(random: Random) -> Stream:
    _, request = good_store(random)
    numbers = (0, 2, 3, 99, 255)
    mine = p_data(random.choice(numbers), request.command, is_command=True)
    data = p_data(random.choice((1, *numbers)), request.data_set or b"", is_command=False)
    return _stream(random, "context", mine + data)


def odd_fragments(random: Random) -> Stream:
    """Fragments that are empty, too long, out of order, many in one PDU, or never the last."""
    _, request = good_store(random)
    data = request.data_set or b""
    values = [
        struct.pack(">IBB", random.choice((0, 1, 2, len(data), 0xFFFFFFFF)), 1, random.randrange(8))
        + data[:20],
        p_data(1, b"", is_command=False, is_last=False)[6:] * random.choice((1, 100, 20_000)),
        p_data(1, data, is_command=False)[6:] + p_data(1, request.command, is_command=True)[6:],
        p_data(1, request.command, is_command=True, is_last=False)[6:] * 3,
        p_data(1, request.command, is_command=True)[6:] * 3,
    ]
    return _stream(random, "fragments", pdu(P_DATA, random.choice(values)))


def noise(random: Random) -> Stream:
    content = associate_request("RADSTREAM", "FUZZ", CONTEXTS) + _good_stream(random)
    return _stream(random, "noise", mutated_bytes(random, content), associates=False)


def odd_association(random: Random) -> Stream:
    """Sizes and contexts that nobody can work with; a C-ECHO and an image after them."""
    maximum = random.choice((0, 1, 6, 7, 8, 13, 0xFFFFFFFF, 0x80000000))
    contexts: Sequence[Context] = random.choice(
        (
            CONTEXTS,
            (),
            [(0, CT, [EXPLICIT_LITTLE])],
            [(1, CT, [])],
            [(1, "", [""])],
            [(1, CT, ["1." * 40])],
            CONTEXTS * 12,
        )
    )
    names = ("RADSTREAM", "", "\x00" * 16, "../../etc", "\\" * 16)
    content = associate_request(random.choice(names)[:16], random.choice(names)[:16], contexts, maximum)
    if random.random() < 0.4:
        content = mutated_bytes(random, content)
    return _stream(random, "association", content + _good_stream(random), associates=False)
