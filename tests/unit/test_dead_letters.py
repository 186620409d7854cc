"""Dead letters: whole as far as can be, open until they were taken, driven again as they were."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from confluent_kafka import Consumer, TopicPartition
from hypothesis import given
from hypothesis import strategies as st

from runtime.dead_letters.listeners import control_id_of
from runtime.dead_letters.log import publish_again
from runtime.dead_letters.outcome import CannotRetry
from runtime.dead_letters.reading import Wanted, fold_letters, read_letter, read_letters
from runtime.installation import Installation
from runtime.outbound import DestinationsUnusable, read_destinations
from runtime.settings import Settings
from schemas import sealed_letters
from schemas.codec import Record
from schemas.deadletters import DeadLetter, DeadLetterResolved
from schemas.events import PatientArrived
from schemas.keyring import FileKeyRing
from schemas.parts import Envelope, SealedPhi, Source
from schemas.sealed_letters import KafkaPlace, dead_letter_of, is_whole, payload_of
from schemas.topics import EVENTS, WORKLIST
from sinks.delivering.saying import Speaker
from tests.producing import SITE_KEY, mock_kafka, offline_codec

AT = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
CODEC = offline_codec()


@pytest.fixture
def ring(tmp_path: Path) -> FileKeyRing:
    return FileKeyRing(tmp_path / "keys", SITE_KEY)


@pytest.fixture
def bootstrap() -> Iterator[str]:
    with mock_kafka() as address:
        yield address


def letter_of(
    ring: FileKeyRing, payload: bytes, name: str = "1", place: KafkaPlace | None = None
) -> DeadLetter:
    return dead_letter_of(
        ring,
        identity=("test", name),
        origin="clickhouse" if place else "hl7",
        reason="MissingAccession",
        detail="no accession number",
        source=Source(system="RIS", facility="NORTH", protocol="HL7v2"),
        source_message_id="1",
        content_type="x-application/hl7-v2+er7",
        payload=payload,
        recorded_at=AT,
        place=place,
    )


def resolved(letter: DeadLetter) -> DeadLetterResolved:
    return DeadLetterResolved(
        dead_letter_id=letter.dead_letter_id, resolution="hl7-accepted", resolved_at=AT, answer="AA"
    )


def test_what_no_letter_can_hold_is_cut_and_says_so(
    ring: FileKeyRing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealed_letters, "PAYLOAD_LIMIT_BYTES", 10)
    cut, whole = letter_of(ring, b"x" * 11), letter_of(ring, b"x" * 10)
    assert (is_whole(cut), is_whole(whole)) == (False, True)
    assert "first 10 of 11 bytes" in cut.detail
    assert payload_of(ring, cut) == b"x" * 10
    assert not is_whole(replace(cut, is_whole=None))
    assert is_whole(replace(whole, is_whole=None))


@given(st.lists(st.tuples(st.sampled_from("ab"), st.booleans()), max_size=12))
def test_a_letter_is_open_unless_it_was_resolved_after_it_was_written_last(
    said: list[tuple[str, bool]],
) -> None:
    base = DeadLetter(
        dead_letter_id="",
        origin="hl7",
        reason="R",
        detail="",
        recorded_at=AT,
        source=Source(system="", facility="", protocol=""),
        source_message_id="",
        content_type="",
        payload=SealedPhi(key_id="", nonce=b"", ciphertext=b""),
    )
    records: list[tuple[tuple[int, int], Record]] = []
    for offset, (name, is_resolution) in enumerate(said):
        letter = replace(base, dead_letter_id=name)
        records.append(((0, offset), resolved(letter) if is_resolution else letter))
    found = fold_letters(records)
    for name in "ab":
        of_name = [is_resolution for known, is_resolution in said if known == name]
        written = of_name.count(False)
        assert (name in found) == (written > 0)
        if written:
            assert found[name].count == written
            assert (found[name].resolved is None) == (not of_name[-1])


def test_letters_are_read_from_their_topic_without_payload_and_one_by_one_with_it(
    bootstrap: str, ring: FileKeyRing
) -> None:
    large = letter_of(ring, b"y" * 2_000_000, "large")
    small = letter_of(ring, b"small", "small")
    speaker = Speaker(bootstrap, CODEC, "test")
    speaker.say([large, small])
    speaker.say([resolved(small)])
    speaker.close()
    found = read_letters(bootstrap, CODEC)
    assert set(found) == {large.dead_letter_id, small.dead_letter_id}
    kept = found[large.dead_letter_id]
    assert kept.letter.payload.ciphertext == b""
    assert payload_of(ring, read_letter(bootstrap, CODEC, kept)) == b"y" * 2_000_000
    assert [k.letter for k in found.values() if Wanted().takes(k)] == [kept.letter]
    assert sum(Wanted(with_resolved=True).takes(k) for k in found.values()) == 2
    assert not Wanted(origin="dicom").takes(kept)
    assert not Wanted(reason="Other").takes(kept)
    assert not Wanted(since=AT + timedelta(seconds=1)).takes(kept)
    assert Wanted(since=AT, origin="hl7", reason="MissingAccession").takes(kept)


def arrived() -> PatientArrived:
    return PatientArrived(
        envelope=Envelope(
            event_id="00000000-0000-0000-0000-000000000001",
            exam_id="S|1",
            occurred_at=AT,
            recorded_at=AT,
            source=Source(system="RIS", facility="", protocol="HL7v2"),
            source_message_id="1",
            site="S",
        )
    )


@pytest.mark.parametrize("key", [b"S|1", None])
def test_a_message_of_the_log_is_published_again_with_its_key_its_bytes_and_its_headers(
    bootstrap: str, ring: FileKeyRing, key: bytes | None
) -> None:
    value = CODEC.encode(arrived())
    letter = letter_of(ring, value, place=KafkaPlace(topic=EVENTS, partition=0, key=key))
    assert publish_again(value, letter, CODEC, bootstrap).resolution == "republished"
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "test", "auto.offset.reset": "earliest"})
    try:
        partitions = consumer.list_topics(EVENTS).topics[EVENTS].partitions
        consumer.assign([TopicPartition(EVENTS, number, 0) for number in partitions])
        message = consumer.poll(10)
        assert message is not None
        assert (message.key(), message.value()) == (b"S|1", value)
        assert dict(message.headers() or [])["ce_id"] == arrived().envelope.event_id.encode()
    finally:
        consumer.close()


def test_a_row_of_a_view_is_not_published_again_for_it_could_overwrite_a_newer(ring: FileKeyRing) -> None:
    letter = letter_of(ring, b"row", place=KafkaPlace(topic=WORKLIST, partition=0, key=b"S|1"))
    with pytest.raises(CannotRetry, match="overwrite"):
        publish_again(b"row", letter, CODEC, "127.0.0.1:1")


def test_what_is_still_no_event_is_not_published_again(ring: FileKeyRing) -> None:
    letter = letter_of(ring, b"\x07bytes", place=KafkaPlace(topic=EVENTS, partition=0, key=b"S|1"))
    with pytest.raises(CannotRetry, match="WrongMagicByte"):
        publish_again(b"\x07bytes", letter, CODEC, "127.0.0.1:1")


@pytest.mark.parametrize(
    ("content", "control_id"),
    [
        (b"MSH|^~\\&|A|B|C|D|2026||ADT^A04|X 1|P|2.5\rPID|1", "X 1"),
        (b"MSH$^~\\&$A$B$C$D$2026$$ADT^A04$X1\n", "X1"),
        (b"MSH|^~\\&|A", ""),
        (b"PID|1", ""),
        (b"", ""),
    ],
)
def test_the_answer_to_wait_for_is_known_by_the_messages_own_id(content: bytes, control_id: str) -> None:
    assert control_id_of(content) == control_id


def test_destinations_are_read_from_the_data_directory_or_the_file_that_is_named(tmp_path: Path) -> None:
    assert read_destinations(Installation(Settings(data=tmp_path))) == ()
    table = '[[destination]]\nname = "{}"\nhost = "127.0.0.1"\nport = {}\nevents = ["reports"]\n'
    (tmp_path / "hl7-destinations.toml").write_text(table.format("ehr", 2576))
    (found,) = read_destinations(Installation(Settings(data=tmp_path, zone="Europe/Berlin")))
    assert (found.name, found.zone) == ("ehr", "Europe/Berlin")
    own = tmp_path / "own.toml"
    own.write_text(table.format("loop", 2575))
    for path, says in ((own, "loop"), (tmp_path / "absent.toml", "cannot be read")):
        settings = Settings(data=tmp_path, hl7_destinations=path, hl7_port=2575)
        with pytest.raises(DestinationsUnusable, match=says):
            read_destinations(Installation(settings))
