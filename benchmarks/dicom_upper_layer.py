"""The DICOM upper layer as bytes (PS3.8 section 9.3): for senders that cost little, or err on purpose."""

from __future__ import annotations

import socket
import struct
from collections.abc import Sequence
from typing import Self

ASSOCIATE_RQ, ASSOCIATE_AC, ASSOCIATE_RJ, P_DATA, RELEASE_RQ, RELEASE_RP, ABORT = range(1, 8)
VERIFICATION = "1.2.840.10008.1.1"
EXPLICIT_LITTLE, IMPLICIT_LITTLE = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2"
DEFLATED = "1.2.840.10008.1.2.1.99"
_APPLICATION_CONTEXT = b"1.2.840.10008.3.1.1.1"
_IMPLEMENTATION = b"2.25.92159555385701564022762800076940599974"
_NO_DATA_SET = 0x0101
_LENGTH_AT = 2

Context = tuple[int, str, Sequence[str]]
"""Id, abstract syntax, transfer syntaxes."""


def pdu(kind: int, body: bytes) -> bytes:
    """A PDU of this type."""
    return struct.pack(">BxI", kind, len(body)) + body


def associate_request(
    called: str, calling: str, contexts: Sequence[Context], maximum_bytes: int = 65_536
) -> bytes:
    """A-ASSOCIATE-RQ. maximum_bytes: the PDU that we take, 0 for any."""
    user = (
        _item(0x51, struct.pack(">I", maximum_bytes))
        + _item(0x52, _IMPLEMENTATION)
        + _item(0x55, b"BENCHMARK")
    )
    titles = called.ljust(16).encode("ascii") + calling.ljust(16).encode("ascii")
    items = b"".join(_context(*context) for context in contexts)
    head = struct.pack(">HH", 1, 0) + titles + bytes(32)
    return pdu(ASSOCIATE_RQ, head + _item(0x10, _APPLICATION_CONTEXT) + items + _item(0x50, user))


def _context(number: int, abstract: str, transfer: Sequence[str]) -> bytes:
    syntaxes = b"".join(_item(0x40, uid.encode("ascii")) for uid in transfer)
    return _item(0x20, bytes((number, 0, 0, 0)) + _item(0x30, abstract.encode("ascii")) + syntaxes)


def _item(kind: int, value: bytes) -> bytes:
    return struct.pack(">BxH", kind, len(value)) + value


def p_data(context: int, content: bytes, *, is_command: bool, is_last: bool = True) -> bytes:
    """P-DATA-TF with one fragment."""
    flags = is_command | is_last << 1
    return pdu(P_DATA, struct.pack(">IBB", len(content) + 2, context, flags) + content)


def command(*elements: tuple[int, bytes]) -> bytes:
    """A command set (PS3.7 section 6.3.1) of elements of group 0000, ascending, their values encoded."""
    body = b"".join(struct.pack("<HHI", 0, number, len(value)) + value for number, value in elements)
    return struct.pack("<HHII", 0, 0, 4, len(body)) + body


def c_echo(message_id: int) -> bytes:
    """C-ECHO-RQ."""
    return command(
        (0x0002, uid_value(VERIFICATION)),
        (0x0100, us(0x0030)),
        (0x0110, us(message_id)),
        (0x0800, us(_NO_DATA_SET)),
    )


def c_store(message_id: int, sop_class: str, instance: str) -> bytes:
    """C-STORE-RQ."""
    return command(
        (0x0002, uid_value(sop_class)),
        (0x0100, us(0x0001)),
        (0x0110, us(message_id)),
        (0x0700, us(0)),
        (0x0800, us(1)),
        (0x1000, uid_value(instance)),
    )


def us(number: int) -> bytes:
    """An unsigned short."""
    return struct.pack("<H", number)


def uid_value(uid: str) -> bytes:
    """A UID of even length."""
    return uid.encode("ascii") + b"\x00" * (len(uid) % 2)


def status_of(answer: bytes) -> int | None:
    """Status (0000,0900) of an answer's command set."""
    at = answer.find(struct.pack("<HHI", 0, 0x0900, 2))
    return None if at < 0 else int(struct.unpack_from("<H", answer, at + 8)[0])


class Line:
    """A connection on which PDUs come in. Raises OSError, EOFError where the peer closes it."""

    def __init__(self, port: int, timeout_s: float) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout_s)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._file = self.socket.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self.socket.close()

    def send(self, content: bytes) -> None:
        """All of it."""
        self.socket.sendall(content)

    def read(self) -> tuple[int, bytes]:
        """The next PDU: its type and its body."""
        head = self._exactly(6)
        return head[0], self._exactly(struct.unpack_from(">I", head, _LENGTH_AT)[0])

    def status(self) -> int | None:
        """The status of the next answer; None where the peer ends the association instead."""
        kind, body = self.read()
        return status_of(body[6:]) if kind == P_DATA else None

    def _exactly(self, count: int) -> bytes:
        content = self._file.read(count)
        if len(content) < count:
            raise EOFError
        return content
