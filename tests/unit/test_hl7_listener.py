"""The MLLP listener on real sockets, with librdkafka's own broker behind it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from producers.hl7.config import Hl7Config, Limits
from producers.hl7.framing import frame
from producers.hl7.listener import MllpListener, listening
from producers.hl7.message import Message
from schemas.deadletters import DeadLetter
from schemas.keyring_config import open_key_ring
from schemas.phi import open_bytes
from schemas.topics import DEADLETTERS, EVENTS
from tests.hl7_senders import hl7_config, sending
from tests.producing import HL7_DATA, mock_kafka, offline_codec, read_all

NOWHERE = "127.0.0.1:1"
ADMISSION = (HL7_DATA / "adt_a04_registered.hl7").read_bytes()
ORDER = (HL7_DATA / "orm_new_order_with_start.hl7").read_bytes()


@pytest.fixture(scope="module")
def bootstrap() -> Iterator[str]:
    """A broker."""
    with mock_kafka() as address:
        yield address


@pytest.fixture
def config(bootstrap: str, tmp_path: Path) -> Hl7Config:
    """A listener on a free port."""
    return hl7_config(bootstrap, tmp_path)


async def answers_to(config: Hl7Config, *messages: bytes) -> list[Message]:
    """What a listener answers, all on one connection."""
    async with listening(config, offline_codec()) as listener, sending(listener) as sender:
        return await sender.send(*messages)


def codes(answers: list[Message]) -> list[str]:
    """MSA-1 of each."""
    return [answer.get("MSA-1") for answer in answers]


def order(control_id: str, version: str = "2.5.1") -> bytes:
    """An order of its own."""
    return ORDER.replace(b"ORD0001", control_id.encode()).replace(b"2.5.1", version.encode())


def letters(bootstrap: str, control_id: str) -> list[DeadLetter]:
    """The dead letters of a message."""
    found = read_all(bootstrap, offline_codec(), DEADLETTERS)
    return [x for x in found if isinstance(x, DeadLetter) and x.source_message_id == control_id]


def control_ids_in_the_log(bootstrap: str) -> set[str]:
    """MSH-10 of every message that has an event."""
    found = read_all(bootstrap, offline_codec(), EVENTS)
    return {event.envelope.source_message_id for event in found}  # type: ignore[attr-defined] # events only


def test_a_message_is_accepted_once_its_events_are_in_the_log(config: Hl7Config) -> None:
    (answer,) = asyncio.run(answers_to(config, order("ACCEPT")))
    assert (answer.get("MSA-1"), answer.get("MSA-2")) == ("AA", "ACCEPT")
    assert "ACCEPT" in control_ids_in_the_log(config.bootstrap)


def test_pipelined_messages_are_answered_in_order(config: Hl7Config) -> None:
    asked = [f"PIPE{number}" for number in range(3 * config.limits.max_pending)]
    answers = asyncio.run(answers_to(config, *(order(control_id) for control_id in asked)))
    assert [answer.get("MSA-2") for answer in answers] == asked
    assert set(codes(answers)) == {"AA"}
    assert set(asked) <= control_ids_in_the_log(config.bootstrap)


def test_enhanced_mode_is_answered_in_kind(config: Hl7Config) -> None:
    assert codes(asyncio.run(answers_to(config, ADMISSION))) == ["CA"]


@pytest.mark.parametrize(
    ("message", "code", "reason"),
    [
        (order("TYPE").replace(b"ORM^O01^ORM_O01", b"ORM^O99"), "AR", "UnknownMessageType"),
        (order("PATIENT").replace(b"8812", b""), "AE", "MissingPatient"),
        (order("ACCESSION").replace(b"ACC-1001", b"").replace(b"F100", b""), "AE", "MissingAccession"),
        (order("STATUS").replace(b"ORC|NW", b"ORC|QQ"), "AE", "UnknownOrderStatus"),
    ],
)
def test_a_message_that_cannot_be_mapped_is_refused_and_kept(
    config: Hl7Config, message: bytes, code: str, reason: str
) -> None:
    (answer,) = asyncio.run(answers_to(config, message))
    assert answer.get("MSA-1") == code
    assert answer.get("ERR-4") == "E"
    (letter,) = letters(config.bootstrap, answer.get("MSA-2"))
    assert letter.reason == reason
    ring = open_key_ring(config.key_ring)
    assert open_bytes(ring, letter.dead_letter_id, letter.payload) == message


def test_bytes_that_are_no_message_are_answered_and_the_connection_goes_on(config: Hl7Config) -> None:
    answers = asyncio.run(answers_to(config, b"GET / HTTP/1.1\r\n\r\n", order("AFTER")))
    assert codes(answers) == ["AE", "AA"]
    reasons = {
        x.reason
        for x in read_all(config.bootstrap, offline_codec(), DEADLETTERS)
        if isinstance(x, DeadLetter)
    }
    assert "UnparsableMessage" in reasons


def test_a_message_over_the_limit_is_rejected_and_the_connection_goes_on(config: Hl7Config) -> None:
    small = replace(config, limits=Limits(max_message_bytes=2_000))
    answers = asyncio.run(answers_to(small, order("HUGE") + b"NTE|" + b"x" * 5_000, order("NEXT")))
    assert [(a.get("MSA-1"), a.get("MSA-2")) for a in answers] == [("AR", "HUGE"), ("AA", "NEXT")]


def test_a_report_that_kafka_cannot_take_is_refused_and_kept(config: Hl7Config) -> None:
    report = (HL7_DATA / "oru_final.hl7").read_bytes()
    long = report.replace(b"No acute finding.", bytes(range(97, 123)) * 80_000).replace(b"REP0003", b"LONG")
    (answer,) = asyncio.run(answers_to(config, long))
    assert answer.get("MSA-1") == "AE"
    assert [letter.reason for letter in letters(config.bootstrap, "LONG")] == ["EventTooLarge"]


@pytest.mark.parametrize("message", [order("AWAY"), b"no message"])
def test_without_kafka_the_answer_is_ae_within_the_bound(config: Hl7Config, message: bytes) -> None:
    away = replace(config, bootstrap=NOWHERE, delivery_timeout_s=0.5)
    loop_time = asyncio.run(_timed(away, message))
    assert loop_time < 2


async def _timed(config: Hl7Config, message: bytes) -> float:
    began_s = asyncio.get_running_loop().time()
    assert codes(await answers_to(config, message)) == ["AE"]
    return asyncio.get_running_loop().time() - began_s


def test_a_stop_answers_what_was_read_and_closes(config: Hl7Config) -> None:
    async def stopped_in_the_middle() -> list[str]:
        async with listening(config, offline_codec()) as listener, sending(listener) as sender:
            await sender.send(order("BEFORE"))
            sender.writer.write(b"".join(frame(order(f"STOP{number}")) for number in range(20)))
            while not any(c.unanswered for c in listener._connections):  # noqa: ASYNC110 - the moment of the read
                await asyncio.sleep(0)
            await listener.stop()
            answered = [(await sender.answer()).get("MSA-2") for _ in range(20)]
            assert await sender.reader.read() == b""
            return answered

    answered = asyncio.run(stopped_in_the_middle())
    assert answered == [f"STOP{number}" for number in range(20)]
    assert set(answered) <= control_ids_in_the_log(config.bootstrap)


def test_a_sender_that_closes_its_half_still_gets_its_answer(config: Hl7Config) -> None:
    async def half_closed() -> str:
        async with listening(config, offline_codec()) as listener, sending(listener) as sender:
            sender.writer.write(frame(order("HALF")))
            sender.writer.write_eof()
            code = (await sender.answer()).get("MSA-1")
            assert await sender.reader.read() == b""
            return code

    assert asyncio.run(half_closed()) == "AA"


def test_an_idle_connection_is_closed(config: Hl7Config) -> None:
    async def idle() -> bytes:
        short = replace(config, limits=Limits(idle_timeout_s=0.1))
        async with listening(short, offline_codec()) as listener, sending(listener) as sender:
            async with asyncio.timeout(5):
                return await sender.reader.read()

    assert asyncio.run(idle()) == b""


def test_one_connection_too_many_is_closed(config: Hl7Config) -> None:
    async def crowded() -> tuple[list[str], bytes]:
        small = replace(config, limits=Limits(max_connections=1))
        async with listening(small, offline_codec()) as listener, sending(listener) as first:
            answered = codes(await first.send(order("FIRST")))
            async with sending(listener) as second, asyncio.timeout(5):
                return answered, await second.reader.read()

    assert asyncio.run(crowded()) == (["AA"], b"")


def test_a_taken_port_is_an_error(config: Hl7Config) -> None:
    async def twice() -> None:
        async with listening(config, offline_codec()) as listener:
            await MllpListener(replace(config, port=listener.port), listener._receiver).start()

    with pytest.raises(OSError, match="address already in use"):
        asyncio.run(twice())
