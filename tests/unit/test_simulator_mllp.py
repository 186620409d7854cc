"""The MLLP sender against a real server that misbehaves."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest

from producers.simulator.backoff import Backoff
from producers.simulator.mllp_sender import Answer, MllpSender

MESSAGE = "MSH|^~\\&|RIS|A|B|C|20260105||ADT^A04|m1|P|2.5.1\rPID|1||7^^^^MR||Gräf^Zoë\r".encode()
OTHER = MESSAGE.replace(b"|m1|", b"|m2|")
QUICK = Backoff(first_s=0.01, most_s=0.02)
Behaviour = Callable[[asyncio.StreamWriter], Awaitable[None]]


def acknowledgement(code: str, control_id: str = "m1", *, ends: str = "\r") -> bytes:
    lines = ("MSH|^~\\&|B|C|RIS|A|20260105||ACK^A04|9|P|2.5.1", f"MSA|{code}|{control_id}", "")
    return b"\x0b" + ends.join(lines).encode() + b"\x1c\r"


def answers(*frames: bytes) -> Behaviour:
    async def behave(writer: asyncio.StreamWriter) -> None:
        for frame in frames:
            writer.write(frame)

    return behave


async def hangs_up(writer: asyncio.StreamWriter) -> None:
    writer.close()


async def says_nothing(writer: asyncio.StreamWriter) -> None:
    pass


class Listener:
    """A server which does to each message what the next of its behaviours says; the last one stays."""

    def __init__(self, *behaviours: Behaviour) -> None:
        self._behaviours = list(behaviours)
        self.received: list[bytes] = []
        self.connections = 0
        self._conversations: list[asyncio.Task[None]] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._conversations.append(asyncio.ensure_future(self._converse(reader, writer)))

    async def finished(self) -> None:
        """Wait until every caller has hung up."""
        await asyncio.gather(*self._conversations)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                self.received.append((await reader.readuntil(b"\x1c\r"))[1:-2])
                await (self._behaviours.pop(0) if len(self._behaviours) > 1 else self._behaviours[0])(writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()


def deliver(listener: Listener, *, answer_timeout_s: float = 5.0) -> tuple[Answer, int]:
    """The answer to MESSAGE, and after how many attempts."""
    attempts: list[None] = []

    async def converse() -> Answer:
        server = await asyncio.start_server(listener, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            sender = MllpSender("127.0.0.1", port, answer_timeout_s=answer_timeout_s, backoff=QUICK)
            answer = await sender.send(MESSAGE, "m1", lambda: attempts.append(None))
            await sender.close()
            await listener.finished()
            return answer

    return asyncio.run(asyncio.wait_for(converse(), timeout=60)), len(attempts)


@pytest.mark.parametrize("code", ["AA", "CA"])
def test_an_accepted_message_is_sent_once(code: str) -> None:
    listener = Listener(answers(acknowledgement(code)))
    assert deliver(listener) == (Answer(code, is_accepted=True), 1)
    assert listener.received == [MESSAGE]


@pytest.mark.parametrize("code", ["AR", "CR"])
def test_a_rejection_is_final(code: str) -> None:
    listener = Listener(answers(acknowledgement(code)))
    assert deliver(listener) == (Answer(code, is_accepted=False), 1)


def test_an_error_is_answered_with_the_same_bytes_on_the_same_connection() -> None:
    listener = Listener(answers(acknowledgement("AE")), answers(acknowledgement("AA")))
    assert deliver(listener) == (Answer("AA", is_accepted=True), 2)
    assert listener.received == [MESSAGE, MESSAGE]
    assert listener.connections == 1


def test_a_dropped_connection_is_opened_again_with_the_same_bytes() -> None:
    listener = Listener(hangs_up, hangs_up, answers(acknowledgement("AA")))
    assert deliver(listener) == (Answer("AA", is_accepted=True), 3)
    assert listener.received == [MESSAGE] * 3
    assert listener.connections == 3


def test_silence_is_answered_by_another_connection() -> None:
    listener = Listener(says_nothing, answers(acknowledgement("AA")))
    assert deliver(listener, answer_timeout_s=0.2) == (Answer("AA", is_accepted=True), 2)
    assert listener.connections == 2


def test_a_late_answer_within_the_time_is_waited_for() -> None:
    async def answer_late(writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.3)
        writer.write(acknowledgement("AA"))

    assert deliver(Listener(answer_late)) == (Answer("AA", is_accepted=True), 1)


def test_the_answer_to_another_message_acknowledges_nothing() -> None:
    listener = Listener(answers(acknowledgement("AA", "m0")), answers(acknowledgement("AA")))
    assert deliver(listener) == (Answer("AA", is_accepted=True), 2)
    assert listener.connections == 2


def test_an_answer_without_msa_acknowledges_nothing() -> None:
    listener = Listener(answers(b"\x0bMSH|^~\\&|B\r\x1c\r"), answers(acknowledgement("AA")))
    assert deliver(listener)[1] == 2


def test_an_answer_in_pieces_is_put_together() -> None:
    async def in_pieces(writer: asyncio.StreamWriter) -> None:
        frame = acknowledgement("AA")
        for byte in (frame[:5], frame[5:-1], frame[-1:]):
            writer.write(byte)
            await asyncio.sleep(0.02)

    assert deliver(Listener(in_pieces)) == (Answer("AA", is_accepted=True), 1)


def test_a_listener_that_is_not_there_yet_is_waited_for() -> None:
    async def converse() -> Answer:
        listener = Listener(answers(acknowledgement("AA")))
        first = await asyncio.start_server(listener, "127.0.0.1", 0)
        port = first.sockets[0].getsockname()[1]
        first.close()
        await first.wait_closed()
        sender = MllpSender("127.0.0.1", port, backoff=QUICK)
        sending = asyncio.create_task(sender.send(MESSAGE, "m1", lambda: None))
        await asyncio.sleep(0.1)
        async with await asyncio.start_server(listener, "127.0.0.1", port):
            answer = await sending
            await sender.close()
            await listener.finished()
        return answer

    assert asyncio.run(asyncio.wait_for(converse(), timeout=60)).is_accepted


def test_messages_follow_each_other_on_one_connection() -> None:
    listener = Listener(answers(acknowledgement("AA", "m1")), answers(acknowledgement("AA", "m2")))

    async def converse() -> None:
        async with await asyncio.start_server(listener, "127.0.0.1", 0) as server:
            sender = MllpSender("127.0.0.1", server.sockets[0].getsockname()[1], backoff=QUICK)
            await sender.send(MESSAGE, "m1", lambda: None)
            await sender.send(OTHER, "m2", lambda: None)
            await sender.close()
            await listener.finished()

    asyncio.run(asyncio.wait_for(converse(), timeout=60))
    assert listener.received == [MESSAGE, OTHER]
    assert listener.connections == 1
