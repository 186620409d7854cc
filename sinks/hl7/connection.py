"""One MLLP connection to a destination: a message out, its answer in (HL7 v2.5.1 section 2.9)."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress
from dataclasses import dataclass

from sinks.delivering.declared import tls_context
from sinks.delivering.errors import NoAnswer, Unreachable
from sinks.hl7.destinations import Destination

_START, _END = b"\x0b", b"\x1c\r"
_LONGEST_ANSWER = 1 << 20
_CONNECT_TIMEOUT_S = 10.0
_CLOSE_TIMEOUT_S = 1.0


@dataclass(frozen=True, slots=True)
class Answer:
    """MSA-1 of an answer (HL7 table 0008)."""

    code: str

    @property
    def is_accepted(self) -> bool:
        """AA, or CA from a system that answers in enhanced mode."""
        return self.code in ("AA", "CA")

    @property
    def is_rejected(self) -> bool:
        """AR or CR: it will be refused if it is sent again as it is."""
        return self.code in ("AR", "CR")


class MllpConnection:
    """Connects when it must; one message is under way at a time, as the protocol asks."""

    def __init__(self, destination: Destination, context: ssl.SSLContext | None = None) -> None:
        """`context`: TLS as the caller wants it, instead of what `destination` says."""
        self._destination = destination
        self._context = context
        self._stream: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def open(self) -> None:
        """Be connected. Raises Unreachable."""
        if self._stream is not None and self._stream[0].at_eof():
            await self.close()
        if self._stream is not None:
            return
        to = self._destination
        try:
            context = self._context
            if context is None and to.tls is not None:
                context = await asyncio.to_thread(tls_context, to.tls)
            name = None if context is None else (to.tls and to.tls.server_name) or to.host
            async with asyncio.timeout(min(_CONNECT_TIMEOUT_S, to.answer_timeout_s)):
                self._stream = await asyncio.open_connection(
                    to.host, to.port, limit=_LONGEST_ANSWER, ssl=context, server_hostname=name
                )
        except (OSError, TimeoutError, ValueError) as error:
            raise Unreachable(f"{to.host}:{to.port}: {type(error).__name__}") from error

    async def send(self, content: bytes, control_id: str) -> Answer:
        """Send one message and wait for the answer to it. Raises Unreachable or NoAnswer.

        After NoAnswer the connection is closed: a late answer must not be taken for that of the next.
        """
        await self.open()
        assert self._stream is not None  # noqa: S101 - open() gave it
        reader, writer = self._stream
        try:
            async with asyncio.timeout(self._destination.answer_timeout_s):
                writer.write(_START + content + _END)
                await writer.drain()
                while True:
                    answer, answered_id = acknowledgement(await reader.readuntil(_END))
                    # Of a system that sends CA and then AA for one message, the second is still to come.
                    if answered_id == control_id:
                        return answer
        except (OSError, EOFError, TimeoutError, asyncio.LimitOverrunError, ValueError) as error:
            await self.close()
            raise NoAnswer(type(error).__name__) from error

    async def close(self) -> None:
        """Hang up."""
        stream, self._stream = self._stream, None
        if stream is None:
            return
        stream[1].close()
        with suppress(OSError, TimeoutError):  # the peer was gone first, or does not say good-bye
            await asyncio.wait_for(stream[1].wait_closed(), _CLOSE_TIMEOUT_S)


def acknowledgement(block: bytes) -> tuple[Answer, str]:
    """MSA-1 and MSA-2 of an answer. Raises ValueError where it has no MSA."""
    text = block.removesuffix(_END).rpartition(_START)[2].decode("latin-1")
    separator = text[3:4] or "|"
    for line in text.replace("\n", "\r").split("\r"):
        if line.startswith(f"MSA{separator}"):
            fields = [field.strip() for field in line.split(separator)] + ["", ""]
            return Answer(fields[1]), fields[2]
    raise ValueError("an answer without MSA")
