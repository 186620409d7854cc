"""What the listener lets in, and what it puts up with: TLS, allow-lists, bounds and time limits."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from producers.hl7.config import Hl7Config, Limits, TlsConfig
from producers.hl7.framing import START, frame
from producers.hl7.listener import MllpListener, listening
from producers.hl7.senders import Senders, is_within, read_networks
from schemas.topics import EVENTS
from tests.certificates import Authority
from tests.hl7_senders import Sender, hl7_config, sending
from tests.producing import HL7_DATA, mock_kafka, offline_codec, read_all

ORDER = (HL7_DATA / "orm_new_order_with_start.hl7").read_bytes()


def order(control_id: str) -> bytes:
    """An order of its own."""
    return ORDER.replace(b"ORD0001", control_id.encode())


@pytest.fixture(scope="module")
def bootstrap() -> Iterator[str]:
    """A broker."""
    with mock_kafka() as address:
        yield address


@pytest.fixture
def config(bootstrap: str, tmp_path: Path) -> Hl7Config:
    """A listener on a free port."""
    return hl7_config(bootstrap, tmp_path)


async def code(sender: Sender, message: bytes) -> str:
    """MSA-1 of its answer."""
    (answer,) = await sender.send(message)
    return answer.get("MSA-1")


async def is_closed(sender: Sender) -> bool:
    """Whether the listener ends the connection, soon and without a word."""
    async with asyncio.timeout(10):
        try:
            return await sender.reader.read() == b""
        except ConnectionError:
            return True


async def until(condition: Callable[[], bool]) -> None:
    """Wait for it."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)


def client_context(authority: Authority, certificate: tuple[Path, Path] | None = None) -> ssl.SSLContext:
    """What a sender needs that trusts the authority."""
    context = ssl.create_default_context(cafile=authority.path)
    if certificate is not None:
        context.load_cert_chain(*certificate)
    return context


def test_over_tls_a_message_is_accepted_and_older_versions_are_not(config: Hl7Config, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    secure = replace(config, tls=TlsConfig(*authority.issue("listener")))
    old = client_context(authority)
    old.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    old.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.maximum_version = ssl.TLSVersion.TLSv1_1

    async def send() -> str:
        async with listening(secure, offline_codec()) as listener:
            with pytest.raises((ssl.SSLError, ConnectionError)):
                async with sending(listener, old):
                    pass
            async with sending(listener, client_context(authority)) as sender:
                return await code(sender, order("TLS"))

    assert asyncio.run(send()) == "AA"


def test_with_an_authority_for_clients_a_sender_needs_a_certificate_of_it(
    config: Hl7Config, tmp_path: Path
) -> None:
    authority = Authority(tmp_path)
    known, foreign = authority.issue("sender"), Authority(tmp_path, "other").issue("stranger")
    secure = replace(config, tls=TlsConfig(*authority.issue("listener"), client_authority=authority.path))

    async def attempt(listener: MllpListener, certificate: tuple[Path, Path] | None) -> str:
        try:
            async with sending(listener, client_context(authority, certificate)) as sender:
                return await code(sender, order("MTLS"))
        except (ssl.SSLError, ConnectionError, AssertionError):
            return "refused"

    async def send() -> list[str]:
        async with listening(secure, offline_codec()) as listener:
            return [await attempt(listener, certificate) for certificate in (known, None, foreign)]

    assert asyncio.run(send()) == ["AA", "refused", "refused"]


def test_an_address_that_is_not_on_the_list_is_not_served(config: Hl7Config) -> None:
    async def attempt(networks: str) -> bool:
        listed = replace(config, networks=read_networks(networks))
        async with listening(listed, offline_codec()) as listener, sending(listener) as sender:
            if not await asyncio.to_thread(is_within, "127.0.0.1", listed.networks):
                return await is_closed(sender)
            return await code(sender, order("LISTED")) == "AA"

    assert asyncio.run(attempt("10.0.0.0/8"))
    assert asyncio.run(attempt("10.0.0.0/8, 127.0.0.1"))


@pytest.mark.parametrize(
    ("address", "networks", "within"),
    [
        ("10.1.2.3", "10.1.0.0/16", True),
        ("10.2.2.3", "10.1.0.0/16", False),
        ("::ffff:10.1.2.3", "10.1.0.0/16", True),
        ("fe80::1%eth0", "fe80::/10", True),
        ("10.1.2.3", "fe80::/10", False),
    ],
)
def test_addresses_within_networks(address: str, networks: str, *, within: bool) -> None:
    assert is_within(address, read_networks(networks)) is within


def test_a_wrong_network_is_named() -> None:
    with pytest.raises(ValueError, match=r"10\.1\.0\.0/99"):
        read_networks("10.1.0.0/99")


@pytest.mark.parametrize(
    ("allowed", "expected"), [("RIS|NORTH", "AA"), ("RIS", "AA"), ("RIS|SOUTH,HIS", "AR")]
)
def test_only_senders_on_the_list_may_send(config: Hl7Config, allowed: str, expected: str) -> None:
    async def send() -> tuple[str, str]:
        listed = replace(config, senders=Senders.read(allowed))
        async with listening(listed, offline_codec()) as listener, sending(listener) as sender:
            (answer,) = await sender.send(order("SENDER"))
            return answer.get("MSA-1"), answer.get("ERR-2.1")

    assert asyncio.run(send()) == (expected, "MSH" if expected == "AR" else "")


def test_a_message_that_does_not_end_in_time_costs_the_connection(config: Hl7Config) -> None:
    async def drip() -> bool:
        hasty = replace(config, limits=Limits(message_timeout_s=0.2, idle_timeout_s=0.5))
        async with listening(hasty, offline_codec()) as listener, sending(listener) as sender:
            sender.writer.write(START)
            closing = asyncio.create_task(is_closed(sender))
            while not closing.done():
                sender.writer.write(b"x")
                await asyncio.sleep(0.02)
            return await closing

    assert asyncio.run(drip())


def test_who_does_not_read_answers_is_not_read_from_and_does_not_cost_memory(config: Hl7Config) -> None:
    async def deaf() -> tuple[int, int]:
        limits = Limits(max_pending=8, max_message_bytes=100_000)
        async with (
            listening(replace(config, limits=limits), offline_codec()) as listener,
            sending(listener) as sender,
        ):
            answer_bytes = b"MSH|^~\\&|RIS|NORTH|||||ORM^O99|" + b"i" * 50_000 + b"|P|2.5.1\r"
            stream = frame(answer_bytes) * 400
            writing = asyncio.create_task(_write(sender, stream))
            await asyncio.sleep(1.5)
            received = listener.counts.received
            writing.cancel()
            held = listener.in_flight.size_bytes
            return received, held

    received, held = asyncio.run(deaf())
    assert received < 400
    assert held < 4_000_000


async def _write(sender: Sender, stream: bytes) -> None:
    sender.writer.write(stream)
    await sender.writer.drain()


def test_while_all_connections_together_hold_too_much_nobody_is_read_further(config: Hl7Config) -> None:
    async def full() -> tuple[int, str]:
        tight = replace(config, limits=Limits(max_in_flight=10))
        async with listening(tight, offline_codec()) as listener, sending(listener) as sender:
            listener.in_flight.add(10, 0)  # as other connections do
            assert await code(sender, order("READ")) == "AA"
            sender.writer.write(frame(order("UNREAD")))
            await asyncio.sleep(0.2)
            received = listener.counts.received
            listener.in_flight.add(-10, 0)
            return received, (await sender.answer()).get("MSA-2")

    assert asyncio.run(full()) == (1, "UNREAD")


def test_at_the_bound_everything_is_answered_and_nothing_stays_counted(config: Hl7Config) -> None:
    async def crowd() -> list[str]:
        tight = replace(config, limits=Limits(max_in_flight=10))
        async with listening(tight, offline_codec()) as listener, AsyncExitStack() as stack:
            senders = [await stack.enter_async_context(sending(listener)) for _ in range(8)]
            asked = [
                sender.send(*(order(f"FULL{number}-{n}") for n in range(40)))
                for number, sender in enumerate(senders)
            ]
            codes = [answer.get("MSA-1") for answers in await asyncio.gather(*asked) for answer in answers]
            await until(lambda: listener.in_flight.messages == 0)
            assert listener.in_flight.size_bytes == 0
            return codes

    assert asyncio.run(crowd()) == ["AA"] * 320


def test_two_hundred_idle_and_fifty_busy_connections_are_served(config: Hl7Config) -> None:
    async def serve() -> list[str]:
        async with listening(config, offline_codec()) as listener, AsyncExitStack() as stack:
            for _ in range(200):
                await stack.enter_async_context(sending(listener))
            busy = [await stack.enter_async_context(sending(listener)) for _ in range(50)]
            answered = [
                sender.send(*(order(f"BUSY{number}-{n}") for n in range(4)))
                for number, sender in enumerate(busy)
            ]
            return [answer.get("MSA-1") for answers in await asyncio.gather(*answered) for answer in answers]

    assert asyncio.run(serve()) == ["AA"] * 200


def test_listeners_that_share_a_port_share_the_connections(config: Hl7Config) -> None:
    async def both() -> list[int]:
        shared = replace(config, shares_port=True)
        async with (
            listening(shared, offline_codec()) as one,
            listening(replace(shared, port=one.port), offline_codec()) as other,
        ):
            for number in range(40):
                async with sending(one) as sender:
                    assert await code(sender, order(f"SHARED{number}")) == "AA"
            return [one.counts.accepted, other.counts.accepted]

    counts = asyncio.run(both())
    assert sum(counts) == 40
    assert all(counts)


def test_a_repetition_is_accepted_again_and_not_published_again(config: Hl7Config) -> None:
    async def twice() -> tuple[list[str], int, int]:
        async with listening(config, offline_codec()) as listener, sending(listener) as sender:
            first = await code(sender, order("TWICE"))
            second = await code(sender, order("TWICE"))
            other = await code(sender, order("TWICE").replace(b"CT head", b"CT neck"))
            return [first, second, other], listener.counts.repeated, listener.counts.reused_control_ids

    assert asyncio.run(twice()) == (["AA", "AA", "AA"], 1, 1)
    published = read_all(config.bootstrap, offline_codec(), EVENTS)
    ids = [
        event.envelope.event_id  # type: ignore[attr-defined] # the topic holds events only
        for event in published
        if event.envelope.source_message_id == "TWICE"  # type: ignore[attr-defined] # as above
    ]
    assert len(ids) == len(set(ids)) == 4


def test_a_resend_after_kafka_was_away_is_accepted_and_has_the_same_events(
    config: Hl7Config, tmp_path: Path
) -> None:
    away = replace(config, bootstrap="127.0.0.1:1", delivery_timeout_s=0.5)

    async def send(to: Hl7Config) -> str:
        async with listening(to, offline_codec()) as listener, sending(listener) as sender:
            return await code(sender, order("AGAIN"))

    assert asyncio.run(send(away)) == "AE"
    assert asyncio.run(send(config)) == "AA"
