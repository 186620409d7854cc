"""The outbound sink between librdkafka's own broker and a receiver on a socket, which behaves as they do."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer

from schemas.cloudevents import headers
from schemas.codec import Codec
from schemas.deadletters import DeadLetter
from schemas.events import (
    Event,
    FinalReportPublished,
    PreliminaryReportPublished,
    ReportCorrected,
    ReportDelivered,
    ReportDeliveryFailed,
)
from schemas.identity import event_id
from schemas.keyring import FileKeyRing
from schemas.keyring_config import FileKeyRingConfig
from schemas.parts import Envelope, Phi, Source
from schemas.phi import seal
from schemas.sealed_letters import payload_of
from schemas.topics import DEADLETTERS, EVENTS
from sinks.delivering.declared import Tls
from sinks.delivering.delivery import Delivery
from sinks.delivering.job import Job
from sinks.delivering.saying import Speaker
from sinks.hl7.config import OutboundConfig
from sinks.hl7.destinations import Destination
from sinks.hl7.messages import control_id
from sinks.hl7.sending import Hl7Carrier
from sinks.hl7.service import deliver
from tests.mllp_receiver import DROP, MllpReceiver, field
from tests.producing import SITE_KEY, mock_kafka, offline_codec, read_all
from tests.sink_running import delivering, until

AT = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
REPORTS = frozenset({PreliminaryReportPublished, FinalReportPublished, ReportCorrected})


@dataclass
class Site:
    """A log, a key ring, and the sink on them."""

    bootstrap: str
    keys: FileKeyRingConfig
    ring: FileKeyRing
    codec: Codec

    def report(
        self,
        cls: type[Any],
        exam: str,
        text: str = "Kein Infarkt.",
        patient: str = "p1",
        system: str = "RIS",
    ) -> Event:
        this_id = event_id("test", cls.__name__, exam, text)
        envelope = Envelope(
            event_id=this_id,
            exam_id=f"GENERAL|{exam}",
            occurred_at=AT,
            recorded_at=AT,
            source=Source(system=system, facility="GENERAL", protocol="HL7v2"),
            source_message_id="1",
            site="GENERAL",
            patient_key=patient,
            phi=seal(self.ring, patient, this_id, Phi(patient_id="4711", patient_name="L^M", text=text)),
        )
        event: Event = cls(envelope=envelope, accession_number=exam)
        return event

    def publish(self, *events: Event) -> None:
        producer = Producer({"bootstrap.servers": self.bootstrap, "log_level": 2})
        for event in events:
            producer.produce(
                EVENTS,
                key=event.envelope.exam_id.encode(),
                value=self.codec.encode(event),
                headers=list(headers(event)),
            )
        assert producer.flush(10) == 0

    @contextmanager
    def delivering(self, *destinations: Destination, **options: Any) -> Iterator[None]:
        """The sink, in a thread, until the end of the block."""
        config = OutboundConfig(
            kafka_bootstrap=self.bootstrap,
            registry_url="",
            key_ring=self.keys,
            destinations=destinations,
            **options,
        )
        parts = partial(deliver, config, ring=self.ring, codec=self.codec)
        with delivering(lambda stop, ready: parts(stop=stop, ready=ready)):
            yield

    def said(self, *kinds: type[Any]) -> list[Any]:
        """What stands in the log and in the dead letters."""
        found = read_all(self.bootstrap, self.codec, EVENTS, DEADLETTERS)
        return [record for record in found if isinstance(record, kinds)]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    keys = FileKeyRingConfig(directory=tmp_path / "keys", site_key=SITE_KEY)
    with mock_kafka(EVENTS, DEADLETTERS) as bootstrap:
        yield Site(bootstrap, keys, FileKeyRing(keys.directory, keys.site_key), offline_codec())


def to(receiver: MllpReceiver, name: str = "ehr", **options: Any) -> Destination:
    given = {
        "events": REPORTS,
        "start": "beginning",
        "answer_timeout_s": 0.5,
        "first_pause_s": 0.02,
        "longest_pause_s": 0.1,
        **options,
    }
    return Destination(name=name, host="127.0.0.1", port=receiver.port, **given)


def test_a_report_is_sent_answered_and_said_to_the_log(site: Site) -> None:
    final = site.report(FinalReportPublished, "A1")
    site.publish(final)
    with MllpReceiver() as receiver, site.delivering(to(receiver)):
        until(lambda: site.said(ReportDelivered) != [], "no ReportDelivered")
        (said,) = site.said(ReportDelivered)
    assert receiver.control_ids() == [control_id(final, to(receiver))]
    assert (said.destination, said.attempt_count, said.accession_number) == ("ehr", 1, "A1")
    assert said.envelope.exam_id == final.envelope.exam_id
    assert said.envelope.source_message_id == final.envelope.event_id


def test_ae_silence_and_a_lost_connection_are_tried_again_with_the_same_message_in_the_exams_order(
    site: Site,
) -> None:
    troubles: dict[str, list[str | None]] = {}

    def behave(message: bytes) -> str | None:
        left = troubles.setdefault(field(message, b"MSH", 10), ["AE", DROP, None, "AE"])
        return left.pop(0) if left else "AA"

    steps = (PreliminaryReportPublished, FinalReportPublished, ReportCorrected)
    reports = [site.report(step, exam) for step in steps for exam in ("A1", "A2", "A3")]
    site.publish(*reports)
    with MllpReceiver(behave) as receiver, site.delivering(to(receiver)):
        until(lambda: len(site.said(ReportDelivered)) == 9, "not all delivered")
        for exam in ("A1", "A2", "A3"):
            of_exam = [m for m in receiver.received if field(m, b"OBR", 3) == exam]
            results = [field(message, b"OBR", 25) for message in of_exam]
            assert results == ["P"] * 5 + ["F"] * 5 + ["C"] * 5
            assert len({field(message, b"MSH", 10) for message in of_exam}) == 3
    assert {said.attempt_count for said in site.said(ReportDelivered)} == {5}


def test_what_is_refused_for_good_is_a_dead_letter_and_the_exams_next_report_goes_on(site: Site) -> None:
    final, corrected = (site.report(cls, "A1") for cls in (FinalReportPublished, ReportCorrected))
    site.publish(final, corrected)
    refuses = MllpReceiver(lambda message: "AR" if field(message, b"OBR", 25) == "F" else "AA")
    with refuses as receiver, site.delivering(to(receiver)):
        until(lambda: site.said(ReportDelivered) != [], "the correction does not arrive")
        assert len(receiver.received) == 2
    (letter,) = site.said(DeadLetter)
    assert (letter.origin, letter.reason, letter.destination) == ("hl7-out", "AR", "ehr")
    assert payload_of(site.ring, letter) == site.codec.encode(final)
    (failed,) = site.said(ReportDeliveryFailed)
    assert (failed.reason, failed.attempt_count, failed.envelope.exam_id) == ("AR", 1, "GENERAL|A1")


def test_after_its_bound_of_attempts_a_report_is_a_dead_letter(site: Site) -> None:
    site.publish(site.report(FinalReportPublished, "A1"))
    with MllpReceiver(lambda _: "AE") as receiver, site.delivering(to(receiver, max_attempts=3)):
        until(lambda: site.said(DeadLetter) != [], "no dead letter")
    assert len(receiver.received) == 3
    (failed,) = site.said(ReportDeliveryFailed)
    assert (failed.reason, failed.attempt_count) == ("AE", 3)


def test_a_destination_that_is_away_costs_no_attempts_and_gets_everything_when_it_is_back(site: Site) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    reports = [site.report(FinalReportPublished, f"A{number}") for number in range(20)]
    site.publish(*reports)
    with MllpReceiver() as receiver:
        away = to(receiver, max_attempts=1)
        bound_later = Destination(**{**_options(away), "port": port})
        with site.delivering(bound_later):
            time.sleep(1.0)
            assert site.said(DeadLetter, ReportDelivered) == []
            with closing(socket.create_server(("127.0.0.1", port))) as listener:
                _relay(listener, receiver.port)
                until(lambda: len(site.said(ReportDelivered)) == 20, "not all delivered")
    assert sorted(receiver.control_ids()) == sorted(control_id(report, away) for report in reports)


def test_a_destination_that_stays_away_is_given_up_after_the_bound_of_age(site: Site) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    site.publish(site.report(FinalReportPublished, "A1"))
    with MllpReceiver() as receiver:
        gone = Destination(**{**_options(to(receiver, max_age_s=0.3)), "port": port})
        with site.delivering(gone):
            until(lambda: site.said(ReportDeliveryFailed) != [], "never given up")
    (failed,) = site.said(ReportDeliveryFailed)
    assert (failed.reason, failed.attempt_count) == ("Unreachable", 0)


def test_of_an_erased_patient_nothing_is_sent_and_the_others_are(site: Site) -> None:
    erased = site.report(FinalReportPublished, "A1", patient="erased")
    other = site.report(FinalReportPublished, "A2")
    site.publish(erased, other)
    assert site.ring.destroy("erased") == 1
    with MllpReceiver() as receiver, site.delivering(to(receiver)):
        until(lambda: site.said(ReportDelivered) != [], "no ReportDelivered")
        time.sleep(0.3)
    assert receiver.control_ids() == [control_id(other, to(receiver))]
    assert site.said(DeadLetter) == []


def test_what_the_receiver_said_itself_does_not_come_back_to_it(site: Site) -> None:
    theirs = site.report(FinalReportPublished, "A1", system="EHR")
    ours = site.report(FinalReportPublished, "A2")
    site.publish(theirs, ours)
    with MllpReceiver() as receiver:
        back = to(receiver, receiving_application="EHR", receiving_facility="GENERAL")
        with site.delivering(back):
            until(lambda: site.said(ReportDelivered) != [], "no ReportDelivered")
    assert receiver.control_ids() == [control_id(ours, back)]


def test_each_destination_gets_its_own_and_one_that_hangs_does_not_hold_up_the_other(site: Site) -> None:
    site.publish(*(site.report(FinalReportPublished, f"A{number}") for number in range(5)))
    with MllpReceiver(lambda _: None) as hanging, MllpReceiver() as receiver:
        slow = to(hanging, "slow", answer_timeout_s=60.0)
        with site.delivering(slow, to(receiver), stop_timeout_s=0.2):
            until(lambda: len(site.said(ReportDelivered)) == 5, "not all delivered")
    assert {said.destination for said in site.said(ReportDelivered)} == {"ehr"}


def test_a_new_destination_begins_now_and_after_a_restart_goes_on_where_it_was(site: Site) -> None:
    before, during, after = (site.report(FinalReportPublished, exam) for exam in ("A1", "A2", "A3"))
    site.publish(before)
    with MllpReceiver() as receiver:
        destination = to(receiver, start="now")
        with site.delivering(destination):
            site.publish(during)
            until(lambda: len(receiver.received) == 1, "not delivered")
        site.publish(after)
        with site.delivering(destination):
            until(lambda: len(receiver.received) >= 2, "not delivered")
    assert receiver.control_ids() == [control_id(during, destination), control_id(after, destination)]


def test_what_came_of_a_lost_partition_is_forgotten_and_nothing_else_of_the_same_name(site: Site) -> None:
    with MllpReceiver() as receiver, closing(Speaker(site.bootstrap, site.codec, "test")) as speaker:
        destination = to(receiver)
        carrier = Hl7Carrier(destination, site.ring, lambda: AT)
        delivery = Delivery(destination, carrier, speaker=speaker, on_end=lambda _: None)
        event = site.report(FinalReportPublished, "A1")
        for partition, offset in ((0, 1), (1, 1), (0, 2)):
            delivery.add(Job("one name", event, b"", None, partition, offset, 0.0))
        delivery.drop({0})
    assert len(delivery) == 1


def test_while_too_much_waits_the_log_is_read_no_further_and_nothing_is_lost(site: Site) -> None:
    answers = threading.Event()

    def behave(_: bytes) -> str:
        return "AA" if answers.is_set() else "AE"

    reports = [site.report(FinalReportPublished, f"A{number}") for number in range(600)]
    site.publish(*reports)
    with MllpReceiver(behave) as receiver, site.delivering(to(receiver, max_attempts=10_000), max_pending=10):
        until(lambda: len(receiver.received) > 20, "nothing sent")
        assert len(set(receiver.control_ids())) <= 250
        answers.set()
        until(lambda: len(site.said(ReportDelivered)) == 600, "not all delivered", 60)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificate")
def test_a_destination_is_spoken_to_over_tls_and_its_certificate_is_checked(
    site: Site, tmp_path: Path
) -> None:
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=ehr"]
    names = ["-addext", "subjectAltName=DNS:ehr.example", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*made, *names], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    site.publish(site.report(FinalReportPublished, "A1"))
    with MllpReceiver(tls=context) as receiver:
        known = Tls(ca_file=certificate, server_name="ehr.example")
        other = Tls(ca_file=certificate, server_name="other.example")
        with site.delivering(to(receiver, "other", tls=other), to(receiver, tls=known)):
            until(lambda: site.said(ReportDelivered) != [], "no ReportDelivered")
    assert len(receiver.received) == 1


def _options(destination: Destination) -> dict[str, Any]:
    return {name: getattr(destination, name) for name in Destination.__dataclass_fields__}


def _relay(listener: socket.socket, port: int) -> None:
    """What comes to `listener` goes to `port`, until both ends have gone."""

    def carry(source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        finally:
            source.close()

    def accept() -> None:
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", port))
            for pair in ((near, far), (far, near)):
                threading.Thread(target=carry, args=pair, daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
