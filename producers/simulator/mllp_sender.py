"""Sends HL7 messages over MLLP and does not let go before they are answered.

Framing: HL7 v2.5.1 implementation guide, minimal lower layer protocol; acknowledgement: chapter 2.9 (original
mode; the codes of enhanced mode are understood). One message is in flight at a time, as the protocol asks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import structlog

from producers.simulator.backoff import Backoff

_START, _END = b"\x0b", b"\x1c\r"
_ACCEPTED = ("AA", "CA")
_REJECTED = ("AR", "CR")
_LONGEST_ANSWER = 1 << 20
_log = structlog.get_logger(__name__)


class AnswerMissing(Exception):
    """No answer to this message came on this connection."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The last word on a message or an instance: its code, and whether the receiver has it for good."""

    code: str
    is_accepted: bool


class MllpSender:
    """One connection to one listener, opened again whenever it is lost. For one message at a time."""

    def __init__(
        self, host: str, port: int, *, answer_timeout_s: float = 30.0, backoff: Backoff | None = None
    ) -> None:
        self._host = host
        self._port = port
        self._answer_timeout_s = answer_timeout_s
        self._backoff = backoff or Backoff()
        self._stream: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def send(self, content: bytes, control_id: str, on_attempt: Callable[[], None]) -> Answer:
        """Send the same bytes until they are accepted (AA) or rejected for good (AR).

        AE, silence and a lost connection are reasons to try again. `on_attempt` is called before each try.
        """
        for delay_s in self._backoff.delays_s():
            on_attempt()
            try:
                code = await self._attempt(content, control_id)
            except (OSError, EOFError, TimeoutError, AnswerMissing, asyncio.LimitOverrunError) as error:
                self._drop()
                reason = type(error).__name__
            else:
                if code in _ACCEPTED or code in _REJECTED:
                    return Answer(code, code in _ACCEPTED)
                reason = code
            _log.warning("simulator.hl7_unanswered", control_id=control_id, reason=reason, again_in_s=delay_s)
            await asyncio.sleep(delay_s)
        raise AssertionError("a backoff never ends")

    async def close(self) -> None:
        """Close the connection."""
        if self._stream is not None:
            writer = self._stream[1]
            self._drop()
            with suppress(OSError, TimeoutError):  # the peer was gone first
                await asyncio.wait_for(writer.wait_closed(), timeout=1.0)

    async def _attempt(self, content: bytes, control_id: str) -> str:
        async with asyncio.timeout(self._answer_timeout_s):
            reader, writer = await self._connected()
            writer.write(_START + content + _END)
            await writer.drain()
            frame = await reader.readuntil(_END)
        code, answered_id = _acknowledgement(frame)
        if answered_id != control_id:
            raise AnswerMissing("the answer is to another message")
        return code

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._stream is None:
            self._stream = await asyncio.open_connection(self._host, self._port, limit=_LONGEST_ANSWER)
        return self._stream

    def _drop(self) -> None:
        if self._stream is not None:
            self._stream[1].close()
            self._stream = None


def _acknowledgement(frame: bytes) -> tuple[str, str]:
    """MSA-1 and MSA-2. Raises AnswerMissing where there is no MSA."""
    text = frame.removesuffix(_END).lstrip(_START).decode("utf-8", "replace")
    separator = text[3:4] or "|"
    for line in text.split("\r"):
        if line.startswith(f"MSA{separator}"):
            fields = line.split(separator)
            return fields[1].strip(), fields[2].strip() if len(fields) > 2 else ""
    raise AnswerMissing("an answer without MSA")
