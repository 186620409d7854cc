"""Publishing from an event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence

import pytest

from producers.kafka_connection import PublisherConfig, PublishFailed, RecordTooLarge
from producers.loop_publishing import LoopPublisher
from schemas.events import Event, PatientArrived
from schemas.parts import Envelope, Source
from schemas.topics import EVENTS
from tests.producing import RECORDED_AT, mock_kafka, offline_codec, read_all

Answer = PublishFailed | None


def arrived(number: int, accession_number: str = "A") -> Event:
    """An event."""
    envelope = Envelope(
        event_id=f"00000000-0000-5000-8000-{number:012}",
        exam_id=f"NORTH|{number}",
        occurred_at=RECORDED_AT,
        recorded_at=RECORDED_AT,
        source=Source(system="RIS", facility="NORTH", protocol="HL7v2"),
        source_message_id=str(number),
        site="NORTH",
    )
    return PatientArrived(envelope=envelope, accession_number=accession_number)


@pytest.fixture(scope="module")
def bootstrap() -> Iterator[str]:
    """A broker."""
    with mock_kafka() as address:
        yield address


def published(
    bootstrap: str, *publishes: Sequence[Event], timeout_s: float = 5.0, break_first: bool = False
) -> tuple[list[Answer], float]:
    """The answer to each publish, all at once, and the seconds that they took."""

    async def run() -> tuple[list[Answer], float]:
        loop = asyncio.get_running_loop()
        publisher = LoopPublisher(PublisherConfig(bootstrap, "test", timeout_s), offline_codec())
        if break_first:
            publisher._connection.broken.set()
        began_s = loop.time()
        waiting: list[asyncio.Future[Answer]] = []
        for events in publishes:
            done: asyncio.Future[Answer] = loop.create_future()
            waiting.append(done)
            publisher.publish(events, done.set_result)
        answers = await asyncio.gather(*waiting)
        took_s = loop.time() - began_s
        await publisher.close(0.1)
        return answers, took_s

    return asyncio.run(run())


def test_every_publish_is_answered_once_kafka_has_all_its_events(bootstrap: str) -> None:
    publishes = [[arrived(10 * number + n) for n in range(3)] for number in range(1, 41)]
    answers, _ = published(bootstrap, *publishes)
    assert answers == [None] * 40
    found = read_all(bootstrap, offline_codec(), EVENTS)
    assert all(event in found for events in publishes for event in events)


def test_publishing_nothing_succeeds(bootstrap: str) -> None:
    assert published(bootstrap, [])[0] == [None]


def test_without_kafka_every_publish_fails_within_the_bound() -> None:
    answers, took_s = published("127.0.0.1:1", [arrived(1)], [arrived(2)], timeout_s=0.5)
    assert [type(answer) for answer in answers] == [PublishFailed, PublishFailed]
    assert took_s < 10  # the bound, on a full machine; Kafka's client alone would try for minutes


def test_a_record_that_kafka_will_never_take_is_told_apart_and_costs_the_others_nothing(
    bootstrap: str,
) -> None:
    (too_large, fine), _ = published(bootstrap, [arrived(1, "x" * 2_000_000)], [arrived(2)])
    assert isinstance(too_large, RecordTooLarge)
    assert fine is None


def test_after_a_fatal_error_the_next_publish_has_a_new_producer(bootstrap: str) -> None:
    assert published(bootstrap, [arrived(3)], break_first=True)[0] == [None]


def test_a_caller_that_fails_does_not_cost_the_others_their_answers(bootstrap: str) -> None:
    async def run() -> Answer:
        publisher = LoopPublisher(PublisherConfig(bootstrap, "test"), offline_codec())
        done: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()

        def fail(_error: Answer) -> None:
            raise ValueError

        publisher.publish([arrived(5)], fail)
        publisher.publish([arrived(6)], done.set_result)
        answer = await done
        await publisher.close()
        return answer

    assert asyncio.run(run()) is None
