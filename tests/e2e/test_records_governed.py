"""Holds, retention, repair, killed erasures, restored backups on a whole stack: what may go goes, no more."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2
import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from minio import Minio

from schemas.events import ErasureConfirmed, PatientErased
from schemas.identity import subject_of_patient
from schemas.registry import connect_codec
from schemas.topics import AUDIT, EVENTS, GOVERNANCE
from sinks.archive.names import parse_file_name
from sinks.clickhouse.client import connect
from tests.erasing import ask, by_admin, by_second, erase
from tests.producing import read_all
from tests.running_stack import RunningStack, run_stack
from tests.sink_running import until
from tests.verbs import said, until_settled

pytestmark = [pytest.mark.stack, pytest.mark.timeout(900)]
ENVIRONMENT = {
    "RADSTREAM_ARCHIVE_FILE_AGE_S": "1",
    "RADSTREAM_ARCHIVE_LOCK": "off",
    "RADSTREAM_CLICKHOUSE_KEEP_DAYS": "10000",
}
IMAGES, ARCHIVE = "radstream-images", "radstream-archive"
DAY_MS = 86_400_000


@pytest.fixture(scope="module")
def governed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """Three exams with an image each, and an archive whose objects are not locked."""
    with run_stack(tmp_path_factory.mktemp("governed"), ENVIRONMENT) as stack:
        demo = stack.radstream("demo", "--exams", "3", "--images-per-exam", "1", "--json", timeout_s=300)
        assert demo.returncode == 0, demo.stdout + demo.stderr
        until_settled(stack)
        yield stack


def asked(stack: RunningStack, sql: str, **parameters: str) -> list[Any]:
    """Rows of ClickHouse, as who may do everything."""
    with closing(
        connect(stack.clickhouse_url, stack.clickhouse_user, stack.clickhouse_password, "radstream")
    ) as client:
        return [*client.query(sql, parameters=parameters).result_rows]


def exams(stack: RunningStack) -> list[tuple[str, str]]:
    """Exam and patient of those that have images."""
    sql = "SELECT DISTINCT exam_id, patient_key FROM instances ORDER BY exam_id"
    return [(str(exam), str(key)) for exam, key in asked(stack, sql)]


def store(stack: RunningStack) -> Minio:
    """The object store's client."""
    return Minio(
        stack.s3_endpoint.removeprefix("http://"), stack.s3_access_key, stack.s3_secret_key, secure=False
    )


def names(stack: RunningStack, bucket: str, prefix: str = "") -> list[str]:
    """What the bucket has."""
    return sorted(str(one.object_name) for one in store(stack).list_objects(bucket, prefix, recursive=True))


def rules(stack: RunningStack, text: str) -> None:
    """The rules of retention from now on."""
    (stack.data / "retention.toml").write_text(text)


def test_a_hold_forbids_an_erasure_and_stands_in_clickhouses_own_bounds(governed: RunningStack) -> None:
    exam, key = exams(governed)[0]
    refused = said(governed, "hold", "set", "--exam", exam, "--user", "ben", code=1)
    assert "--password-file" in refused["error"]
    (hold,) = said(governed, "hold", "set", key, "--reason", "LAWSUIT", *by_second(governed))["holds"]
    bound = str(asked(governed, "SELECT create_table_query FROM system.tables WHERE name = 'turnaround'"))
    assert exam in bound
    answer = said(governed, "erase", key, *by_admin(governed), code=1)
    assert hold["hold_id"] in answer["error"]
    assert [one["hold_id"] for one in said(governed, "hold", "list")["holds"]] == [hold["hold_id"]]
    said(governed, "hold", "release", hold["hold_id"][:8], *by_second(governed))
    assert said(governed, "hold", "list")["holds"] == []
    late = ask(governed, key)["code"]
    said(governed, "hold", "set", "--exam", exam, *by_second(governed))
    voided = said(governed, "erase", "--confirm", late, "--yes", *by_second(governed), code=1)
    assert "a legal hold stands" in voided["error"]


def test_rules_take_images_and_rows_but_not_those_that_are_held(governed: RunningStack) -> None:
    held, *free = [exam for exam, _ in exams(governed)]
    asked(
        governed,
        "ALTER TABLE instances UPDATE recorded_at = recorded_at - INTERVAL 400 DAY WHERE 1 "
        "SETTINGS mutations_sync = 2",
    )
    rules(
        governed,
        '[[rule]]\nname = "images"\nstore = "images"\nkeep_days = 365\n'
        '[[rule]]\nname = "rows"\nstore = "clickhouse"\nplace = "instances"\nkeep_days = 365\n',
    )
    before = names(governed, IMAGES)
    planned = said(governed, "retention", "plan")["planned"]
    assert [(one["items"], one["held"]) for one in planned] == [(len(free), 1)] * 2
    assert planned[0]["bytes"] > 0
    assert names(governed, IMAGES) == before
    applied = said(governed, "retention", "apply", "--yes", *by_second(governed))["applied"]
    assert [(one["removed"], one["held"]) for one in applied] == [(len(free), 1)] * 2
    assert [exam for exam, _ in exams(governed)] == [held]
    (left,) = names(governed, IMAGES)
    assert left in before
    again = said(governed, "retention", "apply", "--yes", *by_second(governed))["applied"]
    assert [one["removed"] for one in again] == [0, 0]


def test_what_expired_by_rule_is_gone_from_kafka_and_archive_and_the_proofs_stand(
    governed: RunningStack,
) -> None:
    old_ms = int(time.time() * 1000) - 400 * DAY_MS
    place = produce_old(governed, old_ms)
    until(lambda: archived_up_to(governed, place) >= place.offset + 3, timeout_s=120.0, every_s=1.0)
    rules(
        governed,
        f'[[rule]]\nname = "log"\nstore = "kafka"\nplace = "{AUDIT}"\nkeep_days = 90\n'
        f'[[rule]]\nname = "files"\nstore = "archive"\nplace = "{AUDIT}"\nkeep_days = 365\n',
    )
    applied = said(governed, "retention", "apply", "--yes", *by_second(governed))["applied"]
    log, files = applied
    assert log["removed"] >= 3
    assert files["removed"] >= 1
    assert first_offset(governed, place) >= place.offset + 3
    found = said(governed, "verify")
    assert (found["intact"], found["expired"] >= 1) == (True, True)
    gone = [name for name in names(governed, ARCHIVE, f"archive/{AUDIT}/") if old_file(name, place)]
    assert gone == []


def test_what_the_archive_lost_comes_back_only_with_its_signed_bytes(
    governed: RunningStack, tmp_path: Path
) -> None:
    until_settled(governed)
    client = store(governed)
    file = names(governed, ARCHIVE, f"archive/{EVENTS}/")[0]
    manifest = names(governed, ARCHIVE, f"manifests/{EVENTS}/")[0]
    copy = tmp_path / manifest
    copy.parent.mkdir(parents=True)
    client.fget_object(ARCHIVE, manifest, str(copy))
    client.remove_object(ARCHIVE, file)
    client.put_object(ARCHIVE, manifest, BytesIO(b"{}"), 2)
    faults = said(governed, "verify", code=1)["faults"]
    assert {fault["object"] for fault in faults} >= {manifest}
    left = said(governed, "repair", code=1)
    assert [one["name"] for one in left["left"]] == [manifest]
    done = said(governed, "repair", "--from", str(tmp_path))
    found_in = {one["name"]: one["found_in"] for one in done["repaired"]}
    assert found_in == {manifest: str(tmp_path), file: "Kafka"}
    assert said(governed, "verify")["intact"] is True
    assert said(governed, "repair")["repaired"] == []


def test_one_who_is_killed_and_two_who_go_on_at_once_erase_once(
    governed: RunningStack, tmp_path: Path
) -> None:
    for hold in said(governed, "hold", "list")["holds"]:
        said(governed, "hold", "release", hold["hold_id"], *by_second(governed))
    rows = asked(governed, "SELECT exam_id, patient_key FROM worklist FINAL ORDER BY exam_id")
    key = str(rows[0][1])
    password = tmp_path / "cat"
    password.write_text("another horse battery")
    said(governed, "user", "add", "cat", "--role", "privacy", "--password-file", str(password))
    code = ask(governed, key)["code"]
    confirm = ("erase", "--confirm", code, "--yes")
    killed_once_it_is_decided(governed, *confirm, *by_second(governed))
    both = (by_second(governed), ("--user", "cat", "--password-file", str(password)))
    with ThreadPoolExecutor() as together:
        done = [*together.map(lambda who: said(governed, *confirm, *who), both)]
    assert done[0]["event_ids"] == done[1]["event_ids"]
    codec = connect_codec(governed.registry_url)
    log = read_all(governed.kafka_bootstrap, codec, EVENTS)
    told = [one.envelope for one in log if isinstance(one, PatientErased)]
    own = {one.event_id for one in told if one.exam_id == subject_of_patient(key)}
    assert own == {*done[0]["event_ids"]}
    assert said(governed, "verify")["intact"] is True


def killed_once_it_is_decided(stack: RunningStack, *arguments: str) -> None:
    """Kill -9 of the command as soon as the topic has its decision, whatever it is doing then."""
    command = [sys.executable, "-m", "runtime.cli.main", *arguments, "--data", str(stack.data)]
    with subprocess.Popen(
        command, env={**os.environ, **stack.environment}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        codec = connect_codec(stack.registry_url)
        read = partial(read_all, stack.kafka_bootstrap, codec, GOVERNANCE)
        until(lambda: any(isinstance(one, ErasureConfirmed) for one in read()), timeout_s=60.0, every_s=0.1)
        process.kill()


def produce_old(stack: RunningStack, at_ms: int) -> TopicPartition:
    """Three messages of long ago in a partition that had none; where the first of them is.

    Kafka takes only what nothing of today stands before.
    """
    consumer = Consumer({"bootstrap.servers": stack.kafka_bootstrap, "group.id": "x"})
    with closing(consumer):
        partitions = sorted(consumer.list_topics(AUDIT, 10).topics[AUDIT].partitions)
        empty = next(
            one
            for one in partitions
            if consumer.get_watermark_offsets(TopicPartition(AUDIT, one), 10)[1] == 0
        )
    producer = Producer({"bootstrap.servers": stack.kafka_bootstrap, "acks": "all"})
    for number in range(3):
        producer.produce(AUDIT, b"no event", f"old-{number}".encode(), empty, timestamp=at_ms)
    assert producer.flush(20) == 0
    return TopicPartition(AUDIT, empty, 0)


def first_offset(stack: RunningStack, place: TopicPartition) -> int:
    """The first offset that Kafka still has."""
    with closing(Consumer({"bootstrap.servers": stack.kafka_bootstrap, "group.id": "x"})) as consumer:
        low, _ = consumer.get_watermark_offsets(TopicPartition(place.topic, place.partition), 10)
        return low


def archived_up_to(stack: RunningStack, place: TopicPartition) -> int:
    """The offset behind the last archived file."""
    files = names(stack, ARCHIVE, f"archive/{place.topic}/{place.partition}/")
    return max((one.last + 1 for one in map(parse_file_name, files) if one), default=0)


def old_file(name: str, place: TopicPartition) -> bool:
    """Whether the file ends with the messages of long ago."""
    found = parse_file_name(name)
    return found is not None and (found.place.partition, found.last) == (place.partition, place.offset + 2)


def shown(stack: RunningStack, exam: str) -> dict[str, Any]:
    """What the API says of an exam."""
    url = f"{stack.dashboard_url}/api/exams/{quote(exam)}"
    answer = httpx2.get(url, headers=stack.dashboard_headers(), timeout=60, trust_env=False)
    answer.raise_for_status()
    sheet: dict[str, Any] = answer.json()["exam"]
    return sheet


def test_a_backup_from_before_an_erasure_is_restored_and_the_patient_stays_erased(tmp_path: Path) -> None:
    first, again = tmp_path / "first", tmp_path / "again"
    for data in (first, again):
        data.mkdir()
    with run_stack(first, ENVIRONMENT, stops_in_order=True) as stack:
        demo = stack.radstream("demo", "--exams", "2", "--images-per-exam", "1", "--json", timeout_s=300)
        assert demo.returncode == 0, demo.stdout
        until_settled(stack)
        rows = asked(stack, "SELECT exam_id, patient_key FROM worklist FINAL ORDER BY exam_id")
        running = said(stack, "backup", str(tmp_path / "b"), "--keys", str(tmp_path / "k"), code=1)
        assert "stop it first" in running["error"]
    gone, kept = str(rows[0][0]), str(rows[1][0])
    places = (str(tmp_path / "b"), "--keys", str(tmp_path / "k"))
    assert said(stack, "backup", *places)["files"] > 0
    with run_stack(first, ENVIRONMENT, stops_in_order=True) as stack:
        done = erase(stack, "--exam", gone)
        assert done["is_complete"]
        searched = json.loads(Path(done["certificate"]).read_text().splitlines()[0])["searched"]
        (copy,) = [one for one in searched if one["place"].startswith("key backup")]
        assert (copy["sealed_parts_closed"], copy["sealed_parts_open"]) == (1, 0)
    restored = RunningStack(again, {}, {})
    assert said(restored, "restore", *places)["buried"] >= 1
    with run_stack(again, ENVIRONMENT) as stack:
        until_settled(stack)
        assert shown(stack, gone)["erased"] is True
        assert shown(stack, kept)["patient"]
        assert said(stack, "verify")["intact"] is True
