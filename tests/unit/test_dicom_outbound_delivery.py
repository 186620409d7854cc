"""The DICOM sink between librdkafka's own broker, an object store and a storage SCP on sockets."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from pynetdicom import AllStoragePresentationContexts

from schemas.deadletters import DeadLetter
from schemas.events import StudySent
from schemas.keyring import FileKeyRing
from schemas.sealed_letters import payload_of
from schemas.topics import DEADLETTERS, EVENTS, INSTANCES
from sinks.delivering.declared import Tls
from sinks.dicom.destinations import Destination
from sinks.dicom.rules import Forward, Prefetch, When
from tests.certificates import Authority
from tests.dicom_outbound_site import (
    CT,
    EXPLICIT,
    JPEG_LS,
    MR,
    ON_IMAGES,
    PAIRS,
    SR,
    Site,
    exam_scheduled,
    images_stored,
    to,
)
from tests.dicom_receiver import DicomReceiver
from tests.object_server import ObjectServer
from tests.producing import SITE_KEY, mock_kafka, offline_codec
from tests.sink_running import until


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with mock_kafka(EVENTS, DEADLETTERS, INSTANCES) as bootstrap, ObjectServer() as archive:
        yield Site(bootstrap, tmp_path, FileKeyRing(tmp_path / "keys", SITE_KEY), offline_codec(), archive)


def test_a_stored_study_goes_out_as_it_was_stored_on_one_association_and_that_is_said(site: Site) -> None:
    images = [
        site.image("1", 1),
        site.image("1", 2, (CT, JPEG_LS)),
        site.image("1", 3, (SR, EXPLICIT), size_bytes=700_000),
    ]
    with DicomReceiver(pairs=PAIRS) as receiver, site.delivering(to(receiver)):
        site.publish(*images, images_stored("1", 3))
        until(lambda: site.said(StudySent) != [], "no StudySent")
    assert receiver.associations == 1
    assert receiver.calling == ["RADSTREAM"]
    assert {uid: data_set for uid, _, data_set in receiver.received} == site.data_sets
    assert [syntax for _, syntax, _ in receiver.received] == [EXPLICIT, JPEG_LS, EXPLICIT]
    (said,) = site.said(StudySent)
    assert (said.study_instance_uid, said.instance_count, said.destination_ae_title) == ("1", 3, "PACS")
    assert (said.envelope.exam_id, said.accession_number) == ("GENERAL|A1", "A1")
    assert said.envelope.source_message_id == images_stored("1", 3).envelope.event_id


def test_images_that_come_later_go_alone_and_a_study_that_is_said_again_goes_once(site: Site) -> None:
    with DicomReceiver(pairs=PAIRS) as receiver, site.delivering(to(receiver)):
        site.publish(site.image("1", 1), images_stored("1", 1))
        until(lambda: len(site.said(StudySent)) == 1, "no StudySent")
        site.publish(site.image("1", 2), images_stored("1", 2))
        until(lambda: len(site.said(StudySent)) == 2, "the late image did not go")
        site.publish(images_stored("1", 1), images_stored("1", 2))
        until(lambda: len(site.said(StudySent)) == 4, "not said again")
    assert receiver.uids() == ["1.1.1", "1.1.2"]
    assert len({said.envelope.event_id for said in site.said(StudySent)}) == 2
    assert {said.instance_count for said in site.said(StudySent)} == {1}


def test_what_came_from_the_destination_does_not_go_back_to_it(site: Site) -> None:
    own = site.image("1", 1, sender="PACS")
    alias = site.image("1", 2, sender="PACS_SCU")
    other = site.image("1", 3)
    theirs = site.image("2", 1, sender="PACS")
    with DicomReceiver(pairs=PAIRS) as receiver, site.delivering(to(receiver, aliases=("PACS_SCU",))):
        site.publish(own, alias, other, theirs, images_stored("2", sender="PACS"), images_stored("1", 3))
        until(lambda: site.said(StudySent) != [], "no StudySent")
    assert receiver.uids() == ["1.1.3"]
    assert [said.instance_count for said in site.said(StudySent)] == [1]


def test_only_studies_that_meet_the_conditions_go(site: Site) -> None:
    only_mr = (Forward(on="images_stored", when=When({"modality": ("MR",)})),)
    with DicomReceiver(pairs=PAIRS) as receiver, site.delivering(to(receiver, forward=only_mr)):
        site.publish(site.image("1", 1), images_stored("1"), site.image("2", 1, (MR, EXPLICIT)))
        site.publish(site.image("2", 2, (SR, EXPLICIT)), images_stored("2"))
        until(lambda: site.said(StudySent) != [], "no StudySent")
    assert receiver.uids() == ["2.1.1", "2.1.2"]


def test_priors_go_ahead_of_an_exam_and_only_once_for_its_next_step(site: Site) -> None:
    for number, days_ago in enumerate((10, 400, 30), start=1):
        site.publish(site.image(str(number), 1, days_ago=days_ago))
    site.publish(site.image("8", 1, patient="p2"), site.image("9", 1, (MR, EXPLICIT), days_ago=1))
    rule = Prefetch(on=frozenset({"ExamScheduled"}), studies=2, same_modality=True)
    with DicomReceiver(pairs=PAIRS) as receiver, site.delivering(to(receiver, prefetch=(rule,))):
        site.publish(exam_scheduled("NEW"))
        until(lambda: len(site.said(StudySent)) == 2, "no priors")
        site.publish(exam_scheduled("NEWER"), exam_scheduled("MR", "MR"))
        until(lambda: len(site.said(StudySent)) == 3, "no MR")
    assert sorted(receiver.uids()) == ["1.1.1", "3.1.1", "9.1.1"]
    assert {said.envelope.exam_id for said in site.said(StudySent)} == {
        "GENERAL|A1",
        "GENERAL|A3",
        "GENERAL|A9",
    }


def test_out_of_resources_and_broken_associations_are_tried_again_with_what_is_left(site: Site) -> None:
    troubles: dict[str, list[int | None]] = {"1.1.2": [0xA700, None], "1.1.3": [0x0110]}

    def behave(uid: str) -> int | None:
        left = troubles.get(uid, [])
        return left.pop(0) if left else 0xB000

    images = [site.image("1", number) for number in range(5)]
    with DicomReceiver(behave, pairs=PAIRS) as receiver, site.delivering(to(receiver)):
        site.publish(*images, images_stored("1", 5))
        until(lambda: site.said(StudySent) != [], "no StudySent")
    assert receiver.uids() == [f"1.1.{number}" for number in range(5)]
    assert receiver.associations == 4
    assert [said.instance_count for said in site.said(StudySent)] == [5]
    assert site.said(DeadLetter) == []


def test_refused_images_are_a_dead_letter_and_the_others_of_the_study_are_sent(site: Site) -> None:
    images = [site.image("1", 1), site.image("1", 2), site.image("1", 3, ("1.2.3.4", EXPLICIT))]
    event = images_stored("1", 3)
    behave: dict[str, int] = {"1.1.1": 0xA900}
    picky = DicomReceiver(lambda uid: behave.get(uid, 0), pairs=PAIRS)
    with picky as receiver, site.delivering(to(receiver)):
        site.publish(*images, event)
        until(lambda: len(site.said(DeadLetter, StudySent)) == 2, "not said")
    (letter,) = site.said(DeadLetter)
    assert (letter.origin, letter.reason, letter.destination) == ("dicom-out", "0xA900", "pacs")
    assert "of 3 images were refused: 0xA900 1, NotAccepted 1" in letter.detail
    assert payload_of(site.ring, letter) == site.codec.encode(event)
    assert receiver.uids() == ["1.1.2"]
    assert [said.instance_count for said in site.said(StudySent)] == [1]


def test_after_its_bound_of_attempts_a_study_is_a_dead_letter_and_the_next_one_goes(site: Site) -> None:
    full = DicomReceiver(lambda uid: 0xA700 if uid == "1.1.1" else 0, pairs=PAIRS)
    with full as receiver, site.delivering(to(receiver, max_attempts=3)):
        site.publish(site.image("1", 1), images_stored("1"), site.image("2", 1), images_stored("2"))
        until(lambda: len(site.said(DeadLetter, StudySent)) == 2, "not said")
    (letter,) = site.said(DeadLetter)
    assert letter.reason == "0xA700"
    assert "3 attempts" in letter.detail
    assert receiver.uids() == ["2.1.1"]


def test_a_missing_and_a_damaged_image_are_refused_and_the_others_go(site: Site) -> None:
    images = [site.image("1", number, size_bytes=600_000) for number in range(4)]
    keys = [image.object_key for image in images]
    del site.archive.objects[keys[0]]
    site.archive.objects[keys[2]] = site.archive.objects[keys[2]][:-20] + bytes(20)
    with DicomReceiver(pairs=PAIRS) as receiver, site.delivering(to(receiver)):
        site.publish(*images, images_stored("1", 4))
        until(lambda: len(site.said(DeadLetter, StudySent)) == 2, "not said")
    assert receiver.uids() == ["1.1.1", "1.1.3"]
    (letter,) = site.said(DeadLetter)
    assert "NoSuchKey 1" in letter.detail
    assert "WrongKey 1" in letter.detail


def test_while_the_object_store_is_away_or_breaks_off_no_attempt_counts(site: Site) -> None:
    image = site.image("1", 1, size_bytes=600_000)
    site.archive.is_away = True
    with DicomReceiver(pairs=PAIRS) as receiver, site.delivering(to(receiver, max_attempts=1)):
        site.publish(image, images_stored("1"))
        until(lambda: site.archive.reads > 3, "not tried")
        site.archive.cut = {image.object_key}
        site.archive.is_away = False
        reads = site.archive.reads
        until(lambda: site.archive.reads > reads + 3, "not tried")
        assert site.said(DeadLetter, StudySent) == []
        site.archive.cut = set()
        until(lambda: site.said(StudySent) != [], "no StudySent")
    assert receiver.received == [("1.1.1", EXPLICIT, site.data_sets["1.1.1"])]


def test_of_an_erased_patient_nothing_is_sent_and_the_others_are(site: Site) -> None:
    site.publish(site.image("1", 1, patient="erased"), images_stored("1", patient="erased"))
    site.publish(site.image("2", 1), images_stored("2"))
    assert site.ring.destroy("erased") == 1
    with DicomReceiver(pairs=PAIRS) as receiver, site.delivering(to(receiver)):
        until(lambda: site.said(StudySent) != [], "no StudySent")
        time.sleep(0.3)
    assert receiver.uids() == ["2.1.1"]
    assert site.said(DeadLetter) == []


def test_a_destination_that_is_away_costs_no_attempts_and_gets_everything_when_it_is_back(site: Site) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    away = Destination(
        name="pacs",
        ae_title="PACS",
        host="127.0.0.1",
        port=port,
        forward=ON_IMAGES,
        start="beginning",
        max_attempts=1,
        first_pause_s=0.02,
        longest_pause_s=0.1,
    )
    for number in range(5):
        site.publish(site.image(str(number), 1), images_stored(str(number)))
    with site.delivering(away):
        time.sleep(1.0)
        assert site.said(DeadLetter, StudySent) == []
        with DicomReceiver(pairs=PAIRS, port=port) as receiver:
            until(lambda: len(site.said(StudySent)) == 5, "not all sent")
    assert len(set(receiver.uids())) == 5


def test_who_rejects_the_association_is_tried_until_the_bound_of_age(site: Site) -> None:
    with DicomReceiver(pairs=PAIRS) as receiver:
        options = {name: getattr(to(receiver), name) for name in Destination.__dataclass_fields__}
        wrong = Destination(**{**options, "ae_title": "OTHER", "max_age_s": 0.3})
        with site.delivering(wrong):
            site.publish(site.image("1", 1), images_stored("1"))
            until(lambda: site.said(DeadLetter) != [], "never given up")
    (letter,) = site.said(DeadLetter)
    assert letter.reason == "Unreachable"
    assert receiver.received == []


def test_a_peer_that_answers_with_noise_is_no_receiver_and_nothing_hangs(site: Site) -> None:
    with _noisy_peer() as port, DicomReceiver(pairs=PAIRS) as receiver:
        options = {name: getattr(to(receiver), name) for name in Destination.__dataclass_fields__}
        noisy = Destination(**{**options, "name": "noisy", "port": port, "max_age_s": 0.5})
        with site.delivering(noisy, to(receiver)):
            site.publish(site.image("1", 1), images_stored("1"))
            until(lambda: len(site.said(DeadLetter, StudySent)) == 2, "not said")
    assert [letter.destination for letter in site.said(DeadLetter)] == ["noisy"]


def test_a_stop_in_the_middle_breaks_off_and_the_next_start_sends_only_what_is_left(site: Site) -> None:
    goes_on = threading.Event()

    def behave(uid: str) -> int:
        if uid == "1.1.2":
            goes_on.wait(5)
        return 0

    images = [site.image("1", number) for number in range(4)]
    with DicomReceiver(behave, pairs=PAIRS) as receiver:
        with site.delivering(to(receiver), stop_timeout_s=0.2):
            site.publish(*images, images_stored("1", 4))
            until(lambda: len(receiver.received) == 2, "nothing sent")
        assert site.said(StudySent) == []
        goes_on.set()
        receiver.behave = lambda _: 0
        before = len(receiver.received)
        with site.delivering(to(receiver)):
            until(lambda: site.said(StudySent) != [], "no StudySent")
        assert before in (2, 3)
    assert set(receiver.uids()) == {f"1.1.{number}" for number in range(4)}
    assert receiver.uids().count("1.1.0") == receiver.uids().count("1.1.1") == 1
    (said,) = site.said(StudySent)
    assert said.instance_count == 4


def test_more_kinds_of_images_than_an_association_has_contexts_go_on_several(site: Site) -> None:
    classes = [str(context.abstract_syntax) for context in AllStoragePresentationContexts]
    pairs = [(sop_class, syntax) for sop_class in classes[:65] for syntax in (EXPLICIT, JPEG_LS)]
    images = [site.image("1", number, pair) for number, pair in enumerate(pairs)]
    with DicomReceiver(pairs=pairs[:100]) as receiver, site.delivering(to(receiver)):
        site.publish(*images, images_stored("1", 130))
        until(lambda: len(site.said(DeadLetter, StudySent)) == 2, "not said", 60)
    assert receiver.associations == 2
    assert len(receiver.received) == 100
    assert "NotAccepted 30" in site.said(DeadLetter)[0].detail


@pytest.mark.parametrize("maximum_pdu", [0, 4_096, 1 << 20])
def test_fragments_fit_whatever_pdu_the_peer_takes(site: Site, maximum_pdu: int) -> None:
    with DicomReceiver(pairs=PAIRS, maximum_pdu=maximum_pdu) as receiver, site.delivering(to(receiver)):
        site.publish(site.image("1", 1, size_bytes=1_500_000), images_stored("1"))
        until(lambda: site.said(StudySent) != [], "no StudySent")
    assert receiver.received == [("1.1.1", EXPLICIT, site.data_sets["1.1.1"])]


def test_tls_with_certificates_of_both_sides_and_a_peer_whose_certificate_is_none_of_ours(
    site: Site, tmp_path: Path
) -> None:
    authority, stranger = Authority(tmp_path), Authority(tmp_path, "stranger")
    certificate, key = authority.issue("pacs")
    own, own_key = authority.issue("own")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(authority.path))
    context.load_cert_chain(certificate, key)
    context.verify_mode = ssl.CERT_REQUIRED
    good = Tls(ca_file=authority.path, certificate_file=own, key_file=own_key)
    wrong = Tls(ca_file=stranger.path, certificate_file=own, key_file=own_key)
    with DicomReceiver(pairs=PAIRS, tls=context) as receiver:
        both = (to(receiver, tls=good), to(receiver, "wrong", tls=wrong, max_age_s=0.5))
        with site.delivering(*both):
            site.publish(site.image("1", 1, size_bytes=300_000), images_stored("1"))
            until(lambda: len(site.said(StudySent, DeadLetter)) == 2, "not said")
    assert receiver.received == [("1.1.1", EXPLICIT, site.data_sets["1.1.1"])]
    assert [letter.destination for letter in site.said(DeadLetter)] == ["wrong"]


@contextmanager
def _noisy_peer() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        closing_down = threading.Event()

        def serve() -> None:
            answers = [
                b"\x02\x00\x00\x00\x00\x04\xff\xff\xff\xff",
                b"\x02\x00\xff\xff\xff\xff",
                b"HTTP/1.1 400",
            ]
            while not closing_down.is_set():
                with suppress(OSError):
                    connection, _ = listener.accept()
                    with connection:
                        connection.recv(10_000)
                        answers.append(answers.pop(0))
                        connection.sendall(answers[0])

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield int(listener.getsockname()[1])
        finally:
            closing_down.set()
            with suppress(OSError):
                socket.create_connection(listener.getsockname(), 1).close()
            thread.join(60)
