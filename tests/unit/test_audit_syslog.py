"""Accesses to an audit repository: what the messages say, and that none is lost on the way."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import pytest
from confluent_kafka import Producer
from hypothesis import given
from hypothesis import strategies as st

from schemas.audit_codes import (
    AUDIT_LOG_USED,
    BEGIN_TRANSFERRING,
    EXECUTE,
    MEANINGS,
    PATIENT_RECORD,
    QUERY,
    READ,
    USER_AUTHENTICATION,
)
from schemas.events import AccessRecorded
from schemas.identity import event_id, subject_of_dashboard
from schemas.keyring import FileKeyRing
from schemas.keyring_config import FileKeyRingConfig
from schemas.parts import Envelope, Phi, Source
from schemas.phi import seal
from schemas.topics import AUDIT
from sinks.delivering.declared import Tls
from sinks.delivering.errors import InvalidDestinations, Unreachable
from sinks.syslog.config import SyslogConfig
from sinks.syslog.connection import SyslogConnection, reason_of
from sinks.syslog.destinations import SyslogDestination, parse_repositories
from sinks.syslog.frame import frame
from sinks.syslog.message import AuditSource, audit_message
from sinks.syslog.sending import SyslogCarrier
from sinks.syslog.service import deliver
from tests.audit_schema import parsed
from tests.certificates import Authority
from tests.producing import SITE_KEY, mock_kafka, offline_codec
from tests.sink_running import delivering, until
from tests.syslog_receiver import SyslogReceiver, read_frame

AT = datetime(2026, 11, 29, 8, 0, 0, 250_000, tzinfo=UTC)
PATIENT = "5" * 64
US = AuditSource(audit_source_id="radstream", host="pacs-1.hospital.example")


def access(number: int = 0, **fields: Any) -> AccessRecorded:
    given = {"code": PATIENT_RECORD, "action": READ, "exam_id": "GENERAL|A1", "patient_key": None} | fields
    envelope = Envelope(
        event_id=event_id("test", str(number)),
        exam_id=given.pop("exam_id"),
        occurred_at=AT,
        recorded_at=AT,
        source=Source(system="dashboard", facility="", protocol="radstream"),
        source_message_id=str(number),
        site="GENERAL",
        patient_key=given.pop("patient_key"),
    )
    defaults = {
        "outcome": "0",
        "user": "ada",
        "role": "clinician",
        "network_address": "192.0.2.7",
        "object": "exam",
    }
    return AccessRecorded(envelope=envelope, event_code=given.pop("code"), **(defaults | given))


def objects(root: Element) -> dict[str, Element]:
    """Participant objects by the code of what identifies them."""
    found = root.findall("ParticipantObjectIdentification")
    return {one.find("ParticipantObjectIDTypeCode").attrib["csd-code"]: one for one in found}  # type: ignore[union-attr]  # it has one


def text_of(root: Element, path: str) -> str:
    found = root.find(path)
    assert found is not None
    return found.text or ""


def test_an_exam_that_was_seen_names_who_what_and_of_whom_by_pseudonym() -> None:
    root = parsed(audit_message(access(patient_key=PATIENT), US))
    event = root.find("EventIdentification")
    assert event is not None
    assert event.attrib == {
        "EventActionCode": "R",
        "EventDateTime": "2026-11-29T08:00:00.250000Z",
        "EventOutcomeIndicator": "0",
    }
    assert event[0].attrib["csd-code"] == "110110"
    assert event[0].attrib["originalText"] == "Patient Record"
    who, us = root.findall("ActiveParticipant")
    assert (who.attrib["UserID"], who.attrib["UserIsRequestor"]) == ("ada", "true")
    assert (who.attrib["NetworkAccessPointID"], who.attrib["NetworkAccessPointTypeCode"]) == (
        "192.0.2.7",
        "2",
    )
    assert (us.attrib["NetworkAccessPointID"], us.attrib["NetworkAccessPointTypeCode"]) == (US.host, "1")
    found = objects(root)
    assert found["2"].attrib["ParticipantObjectID"] == PATIENT
    assert text_of(found["2"], "ParticipantObjectName") == "pseudonym"
    assert found["121022"].attrib["ParticipantObjectID"] == "A1"
    assert found["12"].attrib["ParticipantObjectID"] == f"urn:uuid:{access().envelope.event_id}"


def test_where_the_repository_may_know_it_is_told_name_and_record_number() -> None:
    phi = Phi(patient_name="OKONKWO^AMARA", patient_id="MRN-1")
    patient = objects(parsed(audit_message(access(patient_key=PATIENT), US, phi)))["2"]
    assert patient.attrib["ParticipantObjectID"] == "MRN-1"
    assert text_of(patient, "ParticipantObjectName") == "OKONKWO^AMARA"
    detail = patient.find("ParticipantObjectDetail")
    assert detail is not None
    assert base64.b64decode(detail.attrib["value"]).decode() == PATIENT


def test_each_kind_has_the_parts_that_the_standard_wants_of_it() -> None:
    nobody = subject_of_dashboard("GENERAL")
    query = parsed(audit_message(access(code=QUERY, exam_id=nobody, object="worklist, stage final"), US))
    assert (
        base64.b64decode(text_of(objects(query)["10"], "ParticipantObjectQuery")) == b"worklist, stage final"
    )
    roles = [one.attrib["csd-code"] for one in query.iter("RoleIDCode")]
    assert roles[0] == "110153"
    assert roles[-1] == "110152"
    log = parsed(audit_message(access(code=AUDIT_LOG_USED, exam_id=nobody), US))
    assert text_of(log, "ParticipantObjectIdentification/ParticipantObjectName") == "Security Audit Log"
    for said, code in (("sign-in", "110122"), ("sign-out", "110123")):
        signed = access(
            code=USER_AUTHENTICATION, action=EXECUTE, exam_id=nobody, object=said, user=None, outcome="4"
        )
        root = parsed(audit_message(signed, US))
        kind = root.find("EventIdentification/EventTypeCode")
        assert kind is not None
        assert kind.attrib["csd-code"] == code
        assert text_of(root, "EventIdentification/EventOutcomeDescription") == said
        assert set(objects(root)) == {"12"}
    moved = parsed(audit_message(access(code=BEGIN_TRANSFERRING, exam_id="GENERAL|study|1.2.3"), US))
    assert objects(moved)["110180"].attrib["ParticipantObjectID"] == "1.2.3"


@given(
    code=st.sampled_from(sorted(MEANINGS)),
    action=st.sampled_from("CRUDE"),
    outcome=st.sampled_from(["0", "4", "8", "12"]),
    user=st.none() | st.text(min_size=1),
    role=st.none() | st.text(),
    network_address=st.none() | st.text(min_size=1),
    object=st.none() | st.text(),
    purpose=st.none() | st.text(),
    exam_id=st.text(min_size=1),
    patient_key=st.none() | st.just(PATIENT),
)
def test_whatever_was_recorded_is_a_message_that_the_standard_and_syslog_take(**fields: Any) -> None:
    event = access(**fields)
    message = audit_message(event, US)
    parsed(message)
    whole = frame(message, outcome=event.outcome, at=AT, host=US.host, app_name="radstream", process_id=7)
    length, _, rest = whole.partition(b" ")
    assert int(length) == len(rest)
    read = read_frame(rest)
    assert (read.message, read.at, read.msgid) == (message, AT, "DICOM+RFC3881")
    assert read.pri == (85 if event.outcome == "0" else 84)


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ('name = "arr"', "host is missing"),
        ('name = "arr"\nhost = "a"\npatients = "all"', "patients is one of"),
        ('name = "arr"\nhost = "a"\napp_name = "two words"', "app_name"),
        ('name = "arr"\nhost = "a"\nport = 0', "port is a number"),
        ('name = "arr"\nhost = "a"\ntls = false', "tls is a table"),
    ],
)
def test_a_mistake_in_the_file_is_named(table: str, why: str) -> None:
    with pytest.raises(InvalidDestinations, match=why):
        parse_repositories(f"[[destination]]\n{table}\n")


@dataclass
class Site:
    """The audit topic, a key ring, and the sink on them."""

    bootstrap: str
    keys: FileKeyRingConfig
    ring: FileKeyRing
    authority: Authority

    def destination(self, port: int, **options: Any) -> SyslogDestination:
        patience: dict[str, Any] = {"first_pause_s": 0.05, "longest_pause_s": 0.2, "settle_s": 0.1}
        return SyslogDestination(
            name="arr",
            host="127.0.0.1",
            port=port,
            start="beginning",
            **({"tls": Tls(ca_file=self.authority.path)} | patience | options),
        )

    def publish(self, *events: AccessRecorded) -> None:
        producer, codec = Producer({"bootstrap.servers": self.bootstrap, "log_level": 2}), offline_codec()
        for event in events:
            producer.produce(AUDIT, key=event.envelope.exam_id.encode(), value=codec.encode(event))
        assert producer.flush(10) == 0

    @contextmanager
    def delivering(self, destination: SyslogDestination) -> Iterator[None]:
        """The sink, in a thread, until the end of the block."""
        config = SyslogConfig(
            kafka_bootstrap=self.bootstrap,
            registry_url="",
            key_ring=self.keys,
            host="test",
            destinations=(destination,),
        )
        parts = partial(deliver, config, ring=self.ring, codec=offline_codec())
        with delivering(lambda stop, ready: parts(stop=stop, ready=ready)):
            yield


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    keys = FileKeyRingConfig(directory=tmp_path / "keys", site_key=SITE_KEY)
    with mock_kafka() as bootstrap:
        Producer({"bootstrap.servers": bootstrap, "log_level": 2}).list_topics(AUDIT, timeout=60)
        yield Site(bootstrap, keys, FileKeyRing(keys.directory, SITE_KEY), Authority(tmp_path))


def ids(*events: AccessRecorded) -> set[str]:
    return {event.envelope.event_id for event in events}


def test_what_has_arrived_is_not_sent_again_after_a_restart(site: Site) -> None:
    first, second = access(1), access(2)
    with SyslogReceiver(site.authority) as repository:
        site.publish(first)
        with site.delivering(site.destination(repository.port)):
            until(lambda: repository.event_ids == ids(first))
        site.publish(second)
        with site.delivering(site.destination(repository.port)):
            until(lambda: repository.event_ids == ids(first, second))
        assert [one.event_id for one in repository.received] == [*ids(first), *ids(second)]
        for one in repository.received:
            parsed(one.message)


def test_what_a_repository_had_not_read_when_it_died_is_sent_to_the_one_that_comes_back(site: Site) -> None:
    events = [access(number) for number in range(400)]
    with SyslogReceiver(site.authority) as repository, site.delivering(site.destination(repository.port)):
        site.publish(*events[:100])
        until(lambda: len(repository.event_ids) == 100)
        repository.reads.clear()
        site.publish(*events[100:300])
        # It takes bytes, and reads none of them.
        threading.Event().wait(0.05)
        repository.die()
        repository.reads.set()
        site.publish(*events[300:])
        until(lambda: repository.event_ids == ids(*events))
        assert repository.connections > 1


def test_a_repository_that_is_away_is_called_until_it_is_there(site: Site) -> None:
    with SyslogReceiver(site.authority) as gone:
        port = gone.port
    events = [access(number) for number in range(20)]
    with site.delivering(site.destination(port)):
        site.publish(*events)
        threading.Event().wait(0.3)
        with SyslogReceiver(site.authority, port=port) as repository:
            until(lambda: repository.event_ids == ids(*events))


def test_it_asks_for_our_certificate_and_we_for_the_right_one_of_its(tmp_path: Path) -> None:
    theirs, ours, elsewhere = (Authority(tmp_path, name) for name in ("theirs", "ours", "elsewhere"))
    certificate, key = ours.issue("sink")
    right = Tls(ca_file=theirs.path, certificate_file=certificate, key_file=key)
    with SyslogReceiver(theirs, client_authority=ours) as repository:
        to = SyslogDestination(name="arr", host="127.0.0.1", port=repository.port, tls=right)
        for wrong in (replace(right, ca_file=elsewhere.path), replace(right, server_name="other.example")):
            with pytest.raises(Unreachable, match=r"certificate|mismatch"):
                SyslogConnection(replace(to, tls=wrong))
        with closing(SyslogConnection(replace(to, tls=Tls(ca_file=theirs.path)))) as refused:

            def is_refused() -> bool:
                try:
                    refused.unacknowledged()
                except OSError as error:
                    return "CERTIFICATE_REQUIRED" in reason_of(error)
                return False

            until(is_refused)
        with closing(SyslogConnection(to)) as connection:
            whole = frame(b"<x/>", outcome="0", at=AT, host="h", app_name="a", process_id=1)
            connection.send(whole)
            until(lambda: connection.unacknowledged() == 0)
            until(lambda: [one.message for one in repository.received] == [b"<x/>"])


def test_names_go_only_where_the_file_says_so_and_not_of_an_erased_patient(tmp_path: Path) -> None:
    ring = FileKeyRing(tmp_path, SITE_KEY)
    plain = access(1, patient_key=PATIENT)
    phi = seal(ring, PATIENT, plain.envelope.event_id, Phi(patient_name="OKONKWO^AMARA", patient_id="7"))
    event = replace(plain, envelope=replace(plain.envelope, phi=phi))
    to = SyslogDestination(name="arr", host="127.0.0.1")
    named = SyslogCarrier(replace(to, patients="names"), ring, "test")
    assert b"OKONKWO" not in SyslogCarrier(to, ring, "test").frame_of(event)
    assert b"OKONKWO" in named.frame_of(event)
    ring.destroy(PATIENT)
    assert b"OKONKWO" not in named.frame_of(event)
