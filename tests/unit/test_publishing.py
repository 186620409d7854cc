"""Publishing: acknowledged means that Kafka has it."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from producers.dead_letters import dead_letter
from producers.publishing import EventPublisher, PublisherConfig, PublishFailed, RecordTooLarge
from schemas.events import Event, PatientArrived
from schemas.keyring import FileKeyRing
from schemas.parts import Envelope, Source
from schemas.phi import open_bytes
from schemas.topics import DEADLETTERS, EVENTS
from tests.producing import RECORDED_AT, SITE_KEY, mock_kafka, offline_codec, read_all

SOURCE = Source(system="RIS", facility="NORTH", protocol="HL7v2")


def arrived(number: int, accession_number: str = "") -> Event:
    """An event."""
    envelope = Envelope(
        event_id=f"00000000-0000-5000-8000-{number:012}",
        exam_id=f"NORTH|{number}",
        occurred_at=RECORDED_AT,
        recorded_at=RECORDED_AT,
        source=SOURCE,
        source_message_id=str(number),
        site="NORTH",
    )
    return PatientArrived(envelope=envelope, accession_number=accession_number or str(number))


@pytest.fixture(scope="module")
def bootstrap() -> Iterator[str]:
    """A broker."""
    with mock_kafka() as address:
        yield address


def publisher(bootstrap: str, timeout_s: float = 5.0) -> EventPublisher:
    """A publisher to it."""
    return EventPublisher(PublisherConfig(bootstrap, "test", timeout_s), offline_codec())


def test_what_was_published_is_in_the_log_with_its_headers(bootstrap: str) -> None:
    events = [arrived(number) for number in range(100, 110)]
    with closing(publisher(bootstrap)) as publishing:
        publishing.publish(events)
    found = read_all(bootstrap, offline_codec(), EVENTS)
    assert all(event in found for event in events)


def test_many_threads_share_a_publisher(bootstrap: str) -> None:
    with closing(publisher(bootstrap)) as publishing, ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda number: publishing.publish([arrived(number)]), range(200, 250)))
    found = {event.envelope.event_id for event in read_all(bootstrap, offline_codec(), EVENTS)}  # type: ignore[attr-defined] # the topic holds events only
    assert {arrived(number).envelope.event_id for number in range(200, 250)} <= found


def test_publishing_nothing_succeeds(bootstrap: str) -> None:
    with closing(publisher(bootstrap)) as publishing:
        publishing.publish([])


def test_without_kafka_a_publish_fails_within_its_bound() -> None:
    with closing(socket.socket()) as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{unused.getsockname()[1]}"
    with closing(publisher(address, timeout_s=0.5)) as publishing:
        began_s = time.monotonic()
        with pytest.raises(PublishFailed):
            publishing.publish([arrived(1)])
        assert time.monotonic() - began_s < 60


def test_a_record_that_kafka_will_never_take_is_told_apart(bootstrap: str) -> None:
    with closing(publisher(bootstrap)) as publishing:
        with pytest.raises(RecordTooLarge):
            publishing.publish([arrived(1, "x" * 2_000_000)])
        publishing.publish([arrived(400)])


def test_after_a_fatal_error_the_next_publish_works(bootstrap: str) -> None:
    with closing(publisher(bootstrap)) as publishing:
        publishing.publish([arrived(500)])
        publishing._connection.broken.set()
        publishing.publish([arrived(501)])


def test_a_dead_letter_larger_than_any_message_is_kept_whole_and_opens(
    bootstrap: str, tmp_path: Path
) -> None:
    ring = FileKeyRing(tmp_path / "keys", SITE_KEY)
    payload = b"MSH|" + b"p" * 9_000_000
    letter = dead_letter(
        ring,
        origin="hl7",
        reason="UnparsableMessage",
        detail="what it was",
        source=SOURCE,
        source_message_id="1",
        content_type="x-application/hl7-v2+er7",
        payload=payload,
        recorded_at=RECORDED_AT,
    )
    with closing(publisher(bootstrap)) as publishing:
        publishing.publish_dead_letter(letter)
    assert letter in read_all(bootstrap, offline_codec(), DEADLETTERS)
    assert open_bytes(ring, letter.dead_letter_id, letter.payload) == payload
    assert letter.is_whole
