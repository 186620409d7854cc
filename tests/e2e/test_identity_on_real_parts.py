"""Reconciliation, merges and reused accession numbers, on the real log, fold, reconciler and engine."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from clickhouse_connect.driver.client import Client
from confluent_kafka import Producer

from runtime.lag import read_lag
from schemas.cloudevents import headers
from schemas.events import Event, OrderPlaced, PatientMerged
from schemas.identity import exam_id_of_accession, exam_id_of_study, subject_of_patient
from schemas.registry import connect_codec
from schemas.topics import EVENTS
from sinks.clickhouse.client import connect
from tests.exam_events import ANNA, BERTA, images_of, said
from tests.histories import MORNING
from tests.killing import kill_9
from tests.running_stack import RunningStack

pytestmark = pytest.mark.stack
PATIENCE_S = 60.0

Say = Callable[..., None]
Row = Callable[[str], dict[str, object]]


@pytest.fixture(scope="module")
def say(stack: RunningStack) -> Say:
    codec = connect_codec(stack.registry_url)
    producer = Producer({"bootstrap.servers": stack.kafka_bootstrap, "enable.idempotence": True})

    def publish(*events: Event) -> None:
        for event in events:
            key = event.envelope.exam_id.encode()
            producer.produce(EVENTS, key=key, value=codec.encode(event), headers=[*headers(event)])
        assert producer.flush(30) == 0

    return publish


@pytest.fixture(scope="module")
def clickhouse(stack: RunningStack) -> Iterator[Client]:
    client = connect(stack.clickhouse_url, stack.clickhouse_user, stack.clickhouse_password, "radstream")
    yield client
    client.close()


@pytest.fixture
def row(clickhouse: Client) -> Row:
    def of(exam_id: str) -> dict[str, object]:
        query = "SELECT * FROM v_worklist WHERE exam_id = {exam:String}"
        return next(iter(clickhouse.query(query, parameters={"exam": exam_id}).named_results()), {})

    return of


def _order(exam_id: str, minutes: float, patient: str, study: str | None = None) -> Event:
    number = exam_id.split("|")[1]
    return said(exam_id, minutes, OrderPlaced, patient, accession_number=number, study_instance_uid=study)


def _eventually(row: Row, exam_id: str, **wanted: object) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        found = row(exam_id)
        if all(found.get(name) == value for name, value in wanted.items()):
            return
        time.sleep(0.3)
    assert {name: row(exam_id).get(name) for name in wanted} == wanted


@pytest.mark.parametrize("images_first", [True, False], ids=["images-first", "order-first"])
def test_images_without_an_accession_and_their_order_become_one_exam(
    say: Say, row: Row, images_first: bool
) -> None:
    uid = f"1.2.77.{int(images_first)}"
    exam, study = exam_id_of_accession("GENERAL", f"ID{int(images_first)}"), exam_id_of_study("GENERAL", uid)
    order = _order(exam, 5, ANNA, uid)
    came = images_of(uid, study, 10, 40, ANNA)
    for part in [came, [order]] if images_first else [[order], came]:
        say(*part)
        time.sleep(1.0)
    first_image_at = (MORNING + timedelta(minutes=10)).replace(tzinfo=None)
    _eventually(row, study, reconciled_into=exam, unmatched=False, stage="reconciled")
    _eventually(row, exam, instance_count=40, stage="stored", first_image_at=first_image_at)
    say(*images_of(uid, study, 20, 55, ANNA))
    _eventually(row, exam, instance_count=55, reconciled_from_count=1, patient_mismatch=False)


def test_a_person_reconciles_and_takes_it_back_at_the_command_line(
    stack: RunningStack, say: Say, row: Row
) -> None:
    exam, study = exam_id_of_accession("GENERAL", "IDHAND"), exam_id_of_study("GENERAL", "1.2.77.9")
    say(_order(exam, 0, ANNA), *images_of("1.2.77.9", study, 10, 7, BERTA))
    _eventually(row, exam, stage="ordered")
    _eventually(row, study, unmatched=True, instance_count=7)
    done = stack.radstream("reconcile", study, "IDHAND", "--by", "someone", "--json")
    assert json.loads(done.stdout)["reconciled"] is True, done.stderr
    _eventually(row, study, reconciled_into=exam)
    _eventually(row, exam, instance_count=7, patient_mismatch=True)
    again = stack.radstream("reconcile", study, "IDHAND", "--by", "someone", "--json")
    assert again.returncode == 1
    assert "take that back first" in json.loads(again.stdout)["error"]
    assert stack.radstream("reconcile", study, exam, "--by", "someone", "--undo", "--json").returncode == 0
    _eventually(row, study, reconciled_into="", unmatched=True, unreconciled=True)
    _eventually(row, exam, instance_count=0, patient_mismatch=False)


def test_a_merge_reaches_exams_known_before_and_after_and_a_reused_accession_is_flagged(
    say: Say, row: Row
) -> None:
    before, after, reused = (exam_id_of_accession("GENERAL", f"IDM{n}") for n in range(3))
    gone, stays = "1" * 64, "2" * 64
    keys = {"merged_patient_key": gone, "surviving_patient_key": stays}
    say(_order(before, 0, gone), _order(reused, 0, gone), _order(reused, 3, BERTA))
    _eventually(row, before, patient_key=gone)
    say(*(said(subject_of_patient(key), 9, PatientMerged, stays, **keys) for key in (stays, gone)))
    _eventually(row, before, patient_key=stays, accession_reused=False)
    say(_order(after, 12, gone))
    _eventually(row, after, patient_key=stays)
    _eventually(row, reused, accession_reused=True, patient_key=stays)


def test_kill_9_of_the_reconciler_loses_and_doubles_nothing(
    stack: RunningStack, say: Say, row: Row, clickhouse: Client
) -> None:
    exams = [exam_id_of_accession("GENERAL", f"IDK{n:03}") for n in range(60)]
    for n, exam in enumerate(exams):
        uid = f"1.2.78.{n}"
        say(_order(exam, 0, ANNA, uid), *images_of(uid, exam_id_of_study("GENERAL", uid), 10, 3, ANNA))
        if n % 20 == 10:
            kill_9(stack.data, "reconciler")
            time.sleep(0.5)
    for exam in exams:
        _eventually(row, exam, instance_count=3, reconciled_from_count=1)
    said_twice = clickhouse.query(
        "SELECT count() - uniqExact(exam_id, payload) FROM v_events "
        "WHERE event_type = 'ExamReconciled' AND startsWith(exam_id, 'GENERAL|IDK')"
    ).result_rows
    assert said_twice == [(0,)]
    deadline = time.monotonic() + PATIENCE_S
    while (lag := read_lag(stack.kafka_bootstrap, "reconciler")) and time.monotonic() < deadline:
        time.sleep(0.3)
    assert lag == 0
