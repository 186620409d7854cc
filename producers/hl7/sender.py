"""A plain MLLP client: sends a message, waits for what its sender is entitled to, and reads the answer."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from producers.hl7.framing import Block, Deframer, frame
from producers.hl7.message import Message
from producers.hl7.parsing import parse
from producers.hl7.rejections import UnparsableMessage

_ACCEPTED = frozenset({"AA", "CA"})
_ANSWER_LIMIT_BYTES = 1024 * 1024


class SendFailed(Exception):
    """No connection, or no answer in time; the message says which."""


@dataclass(frozen=True, slots=True)
class Answer:
    """code: MSA-1. error: ERR-3 (table 0357). location: ERR-2, as PID-3.1. detail: MSA-3, else ERR-8."""

    code: str
    control_id: str
    error: str
    location: str
    detail: str

    @property
    def is_accepted(self) -> bool:
        """AA or CA."""
        return self.code in _ACCEPTED


class MllpClient:
    """One connection; a context manager."""

    def __init__(self, host: str, port: int, *, tls: ssl.SSLContext | None, timeout_s: float) -> None:
        """Connect. Raises SendFailed."""
        self._deframer = Deframer(_ANSWER_LIMIT_BYTES)
        self._waiting: list[bytes] = []
        try:
            plain = socket.create_connection((host, port), timeout_s)
        except OSError as error:
            raise SendFailed(f"no connection to {host}:{port}: {error.strerror or error}") from None
        try:
            self._socket = tls.wrap_socket(plain, server_hostname=host) if tls else plain
        except OSError as error:
            plain.close()
            raise SendFailed(f"no TLS with {host}:{port}: {error}") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def send(self, raw: bytes) -> list[Answer]:
        """Send one message; its answers: none where it asks for none, two in enhanced mode with both.

        Raises SendFailed.
        """
        try:
            self._socket.sendall(frame(raw))
            return self._answers(raw)
        except TimeoutError:
            raise SendFailed(f"no answer within {self._socket.gettimeout():g} s") from None
        except OSError as error:
            raise SendFailed(f"the connection broke: {error.strerror or error}") from None

    def _answers(self, raw: bytes) -> list[Answer]:
        accept, application = _asked(raw)
        if accept == application == "NE":
            return []
        answers = [self._answer()]
        if answers[0].code.startswith("C") and application == "AL":
            answers.append(self._answer())
        return answers

    def _answer(self) -> Answer:
        while not self._waiting:
            data = self._socket.recv(65536)
            if not data:
                raise SendFailed("the receiver closed the connection without an answer")
            found = self._deframer.feed(data)
            self._waiting += [block.content for block in found if isinstance(block, Block)]
        return _read(self._waiting.pop(0))


def _asked(raw: bytes) -> tuple[str, str]:
    try:
        header = parse(raw).header
    except UnparsableMessage:
        return "", ""
    return header.value(15), header.value(16)


def _read(raw: bytes) -> Answer:
    try:
        message = parse(raw)
    except UnparsableMessage:
        raise SendFailed("the answer is no HL7 message") from None
    return Answer(
        code=message.get("MSA-1"),
        control_id=message.get("MSA-2"),
        error=message.get("ERR-3") or message.get("ERR-1.4"),
        location=_location(message),
        detail=message.get("MSA-3") or message.get("ERR-8"),
    )


def _location(message: Message) -> str:
    """ERL (2.5 and later), else ELD: segment, field and component, as PID-3.1."""
    field = "ERR-2" if message.get("ERR-2") else "ERR-1"
    segment, position, component = (message.get(f"{field}.{part}") for part in (1, 3, 5))
    if field == "ERR-1":
        component = ""
    return "-".join(filter(None, (segment, ".".join(filter(None, (position, component))))))
