"""After a demo no store, log or state file names a patient; an erased patient is erased in every view."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2
import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, TopicPartition
from minio import Minio

from processors.fold import fold
from processors.worklist import worklist_row
from producers.simulator.exam import SimulatedExam
from producers.simulator.hl7_messages import message_of
from producers.simulator.identities import PlanIdentity
from producers.simulator.ledger_entries import Kind, entry_of
from producers.simulator.plan import DepartmentPlan
from runtime.department import Simulation, ledger_path, simulator_config
from runtime.installation import Installation
from runtime.settings import Settings
from schemas.codec import Codec
from schemas.errors import KeyDestroyed
from schemas.events import EVENT_CLASSES, Event, PatientErased
from schemas.identity import exam_id_of_accession, patient_key, subject_of_patient
from schemas.keyring import FileKeyRing
from schemas.phi import open_sealed
from schemas.registry import connect_codec
from schemas.topics import EVENTS
from sinks.archive.container import messages_in
from sinks.clickhouse.client import connect
from tests.erasing import ask, by_admin, by_second, certificate, erase
from tests.phi_search import Needles, found, needles
from tests.running_stack import RunningStack

pytestmark = pytest.mark.stack

EXAMS = 6
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_PATIENCE_S = 60.0
_SHOWN_WITHIN_S = 60.0


@dataclass(frozen=True, slots=True)
class Department:
    """The simulated department after its demo. `needles`: what names its patients; `headers`: of a token."""

    stack: RunningStack
    exams: tuple[SimulatedExam, ...]
    codec: Codec
    needles: Needles
    headers: Mapping[str, str]

    def key_of(self, exam: SimulatedExam) -> str:
        """The patient's key."""
        return patient_key(self.stack.site_secret, exam.site, exam.patient.mrn)

    def exam(self, exam_id: str) -> dict[str, Any]:
        """What the API says of an exam."""
        url = f"{self.stack.dashboard_url}/api/exams/{quote(exam_id)}"
        answer = httpx2.get(url, headers=self.headers, timeout=60, trust_env=False)
        answer.raise_for_status()
        sheet: dict[str, Any] = answer.json()["exam"]
        return sheet

    def events(self) -> list[Event]:
        """The whole log, decoded."""
        values = [value for topic, _, value, _ in messages(self.stack) if topic == EVENTS]
        records = [self.codec.decode(value) for value in values if value is not None]
        return [record for record in records if isinstance(record, EVENT_CLASSES)]


@pytest.fixture(scope="module")
def department(stack: RunningStack) -> Department:
    answer = stack.radstream("demo", "--exams", str(EXAMS), "--images-per-exam", "2", "--json", timeout_s=300)
    summary = json.loads(answer.stdout.splitlines()[-1])
    assert answer.returncode == 0, summary
    exams = planned_exams(stack, summary["run_id"])
    wanted = needles(exam.patient for exam in exams)
    return Department(stack, exams, connect_codec(stack.registry_url), wanted, stack.dashboard_headers())


def planned_exams(stack: RunningStack, run_id: str) -> tuple[SimulatedExam, ...]:
    """The exams of a run, as its ledger says that they were planned."""
    simulation = Simulation(run_id=run_id, exams=EXAMS, images_per_exam=2)
    config = simulator_config(Installation(Settings(data=stack.data)), simulation)
    entries = map(entry_of, ledger_path(stack.data).read_bytes().splitlines())
    started = next(entry for entry in entries if entry.kind is Kind.RUN and entry.run == run_id)
    assert started.started_at is not None
    started_at = datetime.fromisoformat(started.started_at).astimezone(config.zone_info)
    identity = PlanIdentity(config.seed, config.site, run_id)
    return tuple(islice(DepartmentPlan(config.department_config(), identity, started_at).exams(), EXAMS))


def messages(stack: RunningStack) -> Iterator[tuple[str, bytes, bytes | None, bytes]]:
    """Everything in every topic, decompressed: topic, key, value, headers."""
    settings: dict[str, str | bool] = {
        "bootstrap.servers": stack.kafka_bootstrap,
        "group.id": "phi-search",
        "enable.auto.commit": False,
        "enable.partition.eof": True,
    }
    with closing(Consumer(settings)) as consumer:
        topics = consumer.list_topics(timeout=60).topics.items()
        unread = {(name, partition) for name, topic in topics for partition in topic.partitions}
        consumer.assign([TopicPartition(name, partition, OFFSET_BEGINNING) for name, partition in unread])
        while unread:
            message = consumer.poll(10.0)
            assert message is not None, unread
            error = message.error()
            if error is None:
                headers = repr(message.headers()).encode()
                yield str(message.topic()), message.key() or b"", message.value(), headers
            else:
                assert error.code() == KafkaError._PARTITION_EOF, error
                unread.discard((str(message.topic()), message.partition()))


def test_the_demos_messages_do_name_the_patients(department: Department) -> None:
    """Else the searches below would prove nothing."""
    for exam in department.exams:
        sent = [message for step, _ in exam.timeline if (message := message_of(exam, step)) is not None]
        wanted = needles([exam.patient])
        assert sent
        assert all(len(found(message.content, wanted)) >= 3 for message in sent)
    shown = department.exam(exam_id_of_accession("GENERAL", department.exams[0].accession_number))
    assert shown["patient_id"] == department.exams[0].patient.mrn


def test_no_file_of_the_installation_names_a_patient(department: Department) -> None:
    """Kafka's segments, ClickHouse's parts, objects, journals, state, logs and the supervisor's own."""
    data = department.stack.data
    seen: dict[str, int] = {}
    for path in sorted(path for path in data.rglob("*") if path.is_file() and not path.is_symlink()):
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            continue  # merged or compacted away meanwhile: what it became is read, too
        part = path.relative_to(data).parts[0]
        seen[part] = seen.get(part, 0) + len(content)
        assert found(content, department.needles) == set(), path
    assert all(seen[part] > 0 for part in ("kafka", "clickhouse", "objects", "logs", "keys", "fold")), seen


def test_no_message_names_a_patient_when_it_is_decompressed(department: Department) -> None:
    count = 0
    for topic, key, value, headers in messages(department.stack):
        count += 1
        content = b"\n".join([key, value or b"", headers])
        assert found(content, department.needles) == set(), topic
    assert count > EXAMS * 10


def test_no_row_of_any_table_names_a_patient_when_it_is_decompressed(department: Department) -> None:
    stack = department.stack
    searched = []
    with closing(
        connect(stack.clickhouse_url, stack.clickhouse_user, stack.clickhouse_password, "radstream")
    ) as client:
        tables = client.query(
            "SELECT database, name FROM system.tables "
            "WHERE database = 'radstream' OR (database = 'system' AND name LIKE '%\\_log')"
        ).result_rows
        for database, name in tables:
            content = client.raw_query(f"SELECT * FROM `{database}`.`{name}`", fmt="RowBinary")
            if content:
                searched.append(name)
            assert found(content, department.needles) == set(), name
    assert {"events", "instances", "worklist", "turnaround_exams"} <= set(searched)


def test_no_object_names_a_patient(department: Department) -> None:
    stack = department.stack
    client = Minio(
        stack.s3_endpoint.removeprefix("http://"), stack.s3_access_key, stack.s3_secret_key, secure=False
    )
    count = 0
    for bucket in client.list_buckets():
        for item in client.list_objects(bucket.name, recursive=True, include_user_meta=True):
            name = str(item.object_name)
            answer = client.get_object(bucket.name, name)
            with closing(answer):
                content = answer.read()
            if name.endswith(".avro"):  # compressed: search what it holds
                content += b"".join(record for _, record in messages_in(content))
            headers = " ".join(f"{header}={value}" for header, value in answer.headers.items())
            whole = name.encode() + headers.encode() + content
            assert found(whole, department.needles) == set(), name
            count += 1
    assert count >= EXAMS * 2


def segments(stack: RunningStack) -> dict[Path, bytes]:
    """The event log's segments as they lie on the disk."""
    return {path: path.read_bytes() for path in sorted((stack.data / "kafka").rglob(f"{EVENTS}-*/*.log"))}


def rows_of(events: list[Event], exam_ids: set[str]) -> dict[str, Any]:
    """The worklist by an offline fold of the log, but for what an erasure adds to it."""
    added: dict[str, Any] = {
        "patient_erased_at": None,
        "event_count": 0,
        "last_occurred_at": LONG_AGO,
        "last_recorded_at": LONG_AGO,
    }
    folded = fold(events).items()
    return {id_: replace(worklist_row(state), **added) for id_, state in folded if id_ in exam_ids}


def test_an_erased_patient_is_erased_everywhere_and_the_log_stays_as_it_was(department: Department) -> None:
    stack, exam = department.stack, department.exams[0]
    exam_id = exam_id_of_accession("GENERAL", exam.accession_number)
    key = department.key_of(exam)
    all_exams = {exam_id_of_accession("GENERAL", one.accession_number) for one in department.exams}
    assert exam.patient.family_name in department.exam(exam_id)["patient"]
    before, rows_before = segments(stack), rows_of(department.events(), all_exams)
    assert len(rows_before) == EXAMS
    letter = unprocessable(stack, exam)
    assert stack.radstream("deadletters", "show", letter, "--payload").returncode == 0

    asked = ask(stack, f"GENERAL|{exam.patient.mrn}")
    done = confirmed_after_a_failure(stack, asked["code"])
    assert (done["erased"], done["patient_keys"], done["event_ids"] != []) == (True, [key], True)
    assert done["is_complete"], certificate(done["certificate"])["searched"]
    assert exam.patient.mrn not in json.dumps(done)
    assert stack.radstream("deadletters", "show", letter, "--payload").returncode == 1

    _until(lambda: department.exam(exam_id).get("erased") is True, _SHOWN_WITHIN_S)
    assert not {"patient", "patient_id", "birth_date"} & department.exam(exam_id).keys()
    after = segments(stack)
    assert all(after[path].startswith(content) for path, content in before.items())

    events = department.events()
    subject = subject_of_patient(key)
    said = [one for one in events if isinstance(one, PatientErased) and one.envelope.exam_id == subject]
    assert {one.envelope.event_id for one in said} == {*done["event_ids"]}
    assert rows_of(events, all_exams) == rows_before
    ring = FileKeyRing(stack.data / "keys", stack.site_key)
    for event in events:
        envelope = event.envelope
        if envelope.phi is None:
            continue
        if envelope.patient_key == key:
            with pytest.raises(KeyDestroyed):
                open_sealed(ring, envelope.event_id, envelope.phi)
        else:
            open_sealed(ring, envelope.event_id, envelope.phi)


def test_an_erased_patient_who_comes_again_has_a_name_again_in_the_new_exam_alone(
    department: Department,
) -> None:
    stack, exam = department.stack, department.exams[0]
    exam_id = exam_id_of_accession("GENERAL", exam.accession_number)
    accession = f"{exam.accession_number[:8]}AGAIN"
    send_order(stack, exam, accession)
    again = exam_id_of_accession("GENERAL", accession)
    _until(lambda: department.exam(again).get("patient_id") == exam.patient.mrn, _PATIENCE_S)
    assert department.exam(exam_id)["erased"] is True

    once = json.loads(stack.radstream("erase", "--prove", department.key_of(exam), "--json").stdout)
    assert once["closed"]
    assert sum(one["sealed_since_the_erasure"] for one in once["searched"]) > 0
    by_exam = erase(stack, "--exam", accession, "--reason", "COURT_ORDER")
    assert by_exam["keys_destroyed"] == 2
    _until(lambda: department.exam(again).get("erased") is True, _SHOWN_WITHIN_S)
    twice = json.loads(stack.radstream("erase", "--prove", department.key_of(exam), "--json").stdout)
    assert twice["closed"]
    assert sum(one["sealed_since_the_erasure"] for one in twice["searched"]) == 0


def test_the_certificate_names_every_place_and_is_in_the_archive(department: Department) -> None:
    stack = department.stack
    shown = json.loads(stack.radstream("erase", "--list", "--json").stdout)["erasures"]
    assert [one["state"] for one in shown] == ["certified", "certified"]
    body = certificate(str(stack.data / "erasures" / f"{shown[1]['request_id']}.json"))
    places = {one["place"]: one for one in body["searched"]}
    assert {
        f"Kafka topic {EVENTS}",
        "archive of the log",
        "object store, images",
        "ClickHouse table events",
    } <= {*places}
    for place in (f"Kafka topic {EVENTS}", "ClickHouse table worklist", "object store, images", "key ring"):
        assert places[place]["sealed_parts_closed"] > 0, place
        assert places[place]["sealed_parts_open"] == places[place]["in_clear"] == 0, place
    assert body["names_and_numbers_in_clear"].startswith("looked for")
    verified = stack.radstream("verify", "--compare", "--json", timeout_s=300)
    assert verified.returncode == 0, verified.stdout
    assert stack.radstream("rebuild", "--check", "--wait", "60", timeout_s=300).returncode == 0


def test_an_erasure_that_cannot_be_meant_is_refused_with_what_to_do(department: Department) -> None:
    stack = department.stack
    patient = f"GENERAL|{department.exams[1].patient.mrn}"
    admin, asked, nobodys = by_admin(stack), ask(stack, patient), stack.data / "nobodys-password"
    nobodys.write_text("a word that nobody knows")
    stack.radstream("user", "add", "wanda", "--role", "admin", "--password-file", str(nobodys))
    for arguments, said in (
        (("GENERAL|nobody", *admin), "never had"),
        (("--exam", "nothing", *admin), "no exam 'nothing' is known"),
        (("Lindqvist", *admin), "ISSUER|MRN"),
        (admin, "name one patient"),
        ((patient,), "say who does this"),
        ((patient, "--user", "admin", "--password-file", os.devnull), "are no user's"),
        ((patient, "--user", "wanda", "--password-file", str(nobodys)), "it takes the role privacy"),
        ((patient, "--reason", "was asked to", *admin), "a code of capitals"),
        (("--confirm", "0000-0000-0000-0000", "--yes", *admin), "no erasure was asked for"),
        (("--confirm", asked["code"], "--yes", *admin), "somebody else with the role"),
        (("--confirm", asked["code"], *by_second(stack)), "add --yes"),
        (("--prove", patient), "was not erased"),
    ):
        answer = stack.radstream("erase", *arguments, "--json")
        assert answer.returncode == 1
        assert said in json.loads(answer.stdout)["error"]
    exam_id = exam_id_of_accession("GENERAL", department.exams[1].accession_number)
    if department.key_of(department.exams[1]) != department.key_of(department.exams[0]):
        assert "erased" not in department.exam(exam_id)


def confirmed_after_a_failure(stack: RunningStack, code: str) -> dict[str, Any]:
    """What was done by who went on after a store had not let itself be searched."""
    confirm = ("erase", "--confirm", code, *by_second(stack), "--yes", "--json")
    broken = replace(stack, environment={**stack.environment, "RADSTREAM_S3_SECRET_KEY": "not the key"})
    answer = broken.radstream(*confirm)
    assert answer.returncode == 1, answer.stdout
    assert "run the same command again, it goes on" in json.loads(answer.stdout)["error"]
    answer = stack.radstream(*confirm)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    done: dict[str, Any] = json.loads(answer.stdout)
    return done


def unprocessable(stack: RunningStack, exam: SimulatedExam) -> str:
    """The id of a dead letter about the exam's patient."""
    patient = exam.patient
    pid = f"PID|1||{patient.mrn}^^^GENERAL||{patient.family_name}^{patient.given_name}"
    send(stack, f"MSH|^~\\&|RIS|GENERAL|||20260309||ZZZ^Z99|{patient.mrn[:4]}|P|2.5.1\r{pid}", b"MSA|A")
    listed = json.loads(stack.radstream("deadletters", "list", "--origin", "hl7", "--json").stdout)
    return str(listed["letters"][0]["dead_letter_id"])


def send_order(stack: RunningStack, exam: SimulatedExam, accession: str) -> None:
    """An ORM^O01 of the exam's patient, acknowledged."""
    at = f"{datetime.now(UTC) - timedelta(minutes=1):%Y%m%d%H%M%S}+0000"
    patient = exam.patient
    name, born = f"{patient.family_name}^{patient.given_name}", f"{patient.birth_date:%Y%m%d}"
    segments = (
        f"MSH|^~\\&|RIS|GENERAL|||{at}||ORM^O01^ORM_O01|{accession}-1|P|2.5.1|||||||UNICODE UTF-8",
        f"PID|1||{patient.mrn}^^^GENERAL||{name}||{born}",
        f"ORC|NW|P1|{accession}||||||{at}",
        f"OBR|1|P1|{accession}|CTHEAD^CT Head^L||||||||||||||{accession}||||||CT",
    )
    send(stack, "\r".join(segments), b"MSA|AA")


def send(stack: RunningStack, content: str, answered: bytes) -> None:
    """A message over MLLP, and what its answer has."""
    with socket.create_connection(("127.0.0.1", stack.hl7_port), timeout=60) as connection:
        connection.sendall(b"\x0b" + content.encode() + b"\r\x1c\r")
        answer = b""
        while b"\x1c\r" not in answer:
            received = connection.recv(4096)
            assert received, "the listener hung up"
            answer += received
    assert answered in answer, answer


def _until(holds: Callable[[], bool], patience_s: float) -> None:
    deadline = time.monotonic() + patience_s
    while True:
        try:
            if holds():
                return
        except httpx2.HTTPStatusError:
            pass  # not known yet
        assert time.monotonic() < deadline, "it did not come to be"
        time.sleep(0.1)
