"""The DICOM sink between librdkafka's own broker, an object store and a storage SCP on sockets."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID
from pynetdicom import AllStoragePresentationContexts

from schemas.cloudevents import headers
from schemas.codec import Codec, Record
from schemas.deadletters import DeadLetter
from schemas.events import Event, ExamScheduled, ImagesStored, InstanceStored, StudySent
from schemas.identity import event_id
from schemas.image_sealing import image_subject, seal_image
from schemas.image_store_config import ImageStoreConfig
from schemas.keyring import FileKeyRing
from schemas.keyring_config import FileKeyRingConfig
from schemas.parts import Envelope, Source
from schemas.sealed_letters import payload_of
from schemas.topics import DEADLETTERS, EVENTS, INSTANCES, topic_of
from sinks.delivering.declared import Tls
from sinks.dicom.config import DicomOutConfig
from sinks.dicom.destinations import Destination
from sinks.dicom.rules import Forward, Prefetch, When
from sinks.dicom.service import deliver
from tests.certificates import Authority
from tests.dicom_receiver import DicomReceiver
from tests.object_server import ObjectServer
from tests.producing import SITE_KEY, mock_kafka, offline_codec
from tests.sink_running import delivering, until

AT = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
CT, MR, SR = (f"1.2.840.10008.5.1.4.1.1.{number}" for number in ("2", "4", "88.22"))
EXPLICIT, JPEG_LS = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.4.80"
PAIRS = [(CT, EXPLICIT), (CT, JPEG_LS), (MR, EXPLICIT), (SR, EXPLICIT)]
ON_IMAGES = (Forward(on="images_stored"),)


@dataclass
class Site:
    """A log, an archive with its keys, and the sink on them."""

    bootstrap: str
    data: Path
    ring: FileKeyRing
    codec: Codec
    reading: Consumer
    archive: ObjectServer
    data_sets: dict[str, bytes] = field(default_factory=dict)
    seen: list[Record] = field(default_factory=list)

    def image(
        self,
        study: str,
        number: int,
        pair: tuple[str, str] = (CT, EXPLICIT),
        *,
        patient: str = "p1",
        sender: str = "CT1",
        size_bytes: int = 1_000,
        days_ago: float = 0,
    ) -> InstanceStored:
        """An image in the archive, and what the log says of it."""
        uid = f"{study}.1.{number}"
        file, data_set = _file(uid, pair, size_bytes)
        self.data_sets[uid] = data_set
        key = f"studies/{study}/{study}.1/{uid}.dcm"
        subject = image_subject(patient, study)
        self.archive.objects[f"{key}"] = b"".join(seal_image(self.ring, subject, uid, file))
        return InstanceStored(
            envelope=_envelope(uid, f"GENERAL|A{study}", patient, sender),
            accession_number=f"A{study}",
            study_instance_uid=study,
            series_instance_uid=f"{study}.1",
            sop_instance_uid=uid,
            sop_class_uid=pair[0],
            transfer_syntax_uid=pair[1],
            modality="MR" if pair[0] == MR else "CT",
            size_bytes=len(file),
            sha256="0" * 64,
            object_key=key,
            calling_ae_title=sender,
            acquired_at=AT - timedelta(days=days_ago),
        )

    def publish(self, *events: Event) -> None:
        producer = Producer({"bootstrap.servers": self.bootstrap, "log_level": 2})
        for event in events:
            producer.produce(
                topic_of(event.AVRO_NAME),
                key=event.envelope.exam_id.encode(),
                value=self.codec.encode(event),
                headers=list(headers(event)),
            )
        assert producer.flush(10) == 0

    def config(self, *destinations: Destination, **options: Any) -> DicomOutConfig:
        return DicomOutConfig(
            kafka_bootstrap=self.bootstrap,
            registry_url="",
            key_ring=FileKeyRingConfig(directory=self.data / "keys", site_key=SITE_KEY),
            images=ImageStoreConfig(
                endpoint=self.archive.endpoint, access_key="any", secret_key="any-secret", bucket="images"
            ),
            state_directory=self.data / "dicom-out",
            destinations=destinations,
            now=lambda: AT,
            **options,
        )

    @contextmanager
    def delivering(self, *destinations: Destination, **options: Any) -> Iterator[None]:
        """The sink, in a thread, until the end of the block."""
        config = self.config(*destinations, **options)
        parts = partial(deliver, config, ring=self.ring, codec=self.codec)
        with delivering(lambda stop, ready: parts(stop=stop, ready=ready)):
            yield

    def said(self, *kinds: type[Any]) -> list[Any]:
        """What stands in the log and in the dead letters."""
        while messages := self.reading.consume(500, 0.1):
            assert all(message.error() is None for message in messages)
            self.seen += [self.codec.decode(message.value() or b"") for message in messages]
        return [record for record in self.seen if isinstance(record, kinds)]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with mock_kafka() as bootstrap, ObjectServer() as archive:
        maker = Producer({"bootstrap.servers": bootstrap, "log_level": 2})  # whose questions create topics
        reading = Consumer({"bootstrap.servers": bootstrap, "group.id": "test", "log_level": 2})
        with closing(reading):
            known = {
                topic: maker.list_topics(topic, timeout=10).topics[topic]
                for topic in (EVENTS, DEADLETTERS, INSTANCES)
            }
            reading.assign(
                [
                    TopicPartition(name, number, 0)
                    for name, topic in known.items()
                    if name != INSTANCES
                    for number in topic.partitions
                ]
            )
            ring = FileKeyRing(tmp_path / "keys", SITE_KEY)
            yield Site(bootstrap, tmp_path, ring, offline_codec(), reading, archive)


def to(receiver: DicomReceiver, name: str = "pacs", **options: Any) -> Destination:
    given = {
        "forward": () if "prefetch" in options else ON_IMAGES,
        "start": "beginning",
        "answer_timeout_s": 5.0,
        "first_pause_s": 0.02,
        "longest_pause_s": 0.1,
        **options,
    }
    return Destination(name=name, ae_title="PACS", host="127.0.0.1", port=receiver.port, **given)


def images_stored(study: str, count: int = 1, patient: str = "p1", sender: str = "CT1") -> ImagesStored:
    return ImagesStored(
        envelope=_envelope(f"{study}/{count}", f"GENERAL|A{study}", patient, sender),
        accession_number=f"A{study}",
        study_instance_uid=study,
        modality="CT",
        series_count=1,
        instance_count=count,
        size_bytes=1,
        calling_ae_title=sender,
    )


def exam_scheduled(accession: str, modality: str = "CT") -> ExamScheduled:
    return ExamScheduled(
        envelope=_envelope(f"scheduled {accession}", f"GENERAL|{accession}", "p1", "RIS"),
        accession_number=accession,
        modality=modality,
    )


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
            thread.join(10)


def _envelope(name: str, exam_id: str, patient: str, system: str) -> Envelope:
    return Envelope(
        event_id=event_id("test", name),
        exam_id=exam_id,
        occurred_at=AT,
        recorded_at=AT,
        source=Source(system=system, facility="", protocol="DICOM"),
        source_message_id="1",
        site="GENERAL",
        patient_key=patient,
    )


def _file(uid: str, pair: tuple[str, str], size_bytes: int) -> tuple[bytes, bytes]:
    """A DICOM file, and the data set in it."""
    sop_class, _ = pair
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID(sop_class)
    meta.MediaStorageSOPInstanceUID = UID(uid)
    meta.TransferSyntaxUID = UID(EXPLICIT)
    data_set = Dataset()
    data_set.file_meta = meta
    data_set.SOPClassUID = UID(sop_class)
    data_set.SOPInstanceUID = UID(uid)
    data_set.add_new(0x00420011, "OB", (uid.encode() * (size_bytes // len(uid) + 1))[: size_bytes // 2 * 2])
    out = BytesIO()
    data_set.save_as(out, enforce_file_format=True)
    file = out.getvalue()
    at = 144 + int.from_bytes(file[140:144], "little")
    return file, file[at:]
