"""An auditor on a whole stack: verify, prove an exam, hand it out, find what was done to the archive."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hl7lw import MllpClient
from minio import Minio

from schemas.events import AccessRecorded
from schemas.registry import connect_codec
from schemas.topics import AUDIT, EVENTS
from sinks.clickhouse.client import connect
from tests.producing import HL7_DATA, read_all
from tests.running_stack import RunningStack, run_stack
from tests.verbs import said, until_settled

pytestmark = pytest.mark.stack
BUCKET = "radstream-archive"


@pytest.fixture(scope="module")
def archived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """A stack whose archive waits a second for its files to be full."""
    with run_stack(tmp_path_factory.mktemp("audit"), {"RADSTREAM_ARCHIVE_FILE_AGE_S": "1"}) as stack:
        with closing(MllpClient()) as client:
            client.connect("127.0.0.1", stack.hl7_port)
            for path in sorted(HL7_DATA.glob("or*.hl7")):
                client.send(path.read_bytes())
                client.recv()
        yield stack


def an_exam(stack: RunningStack) -> str:
    """The exam with the most events in ClickHouse."""
    with closing(_clickhouse(stack)) as client:
        rows = client.query(
            "SELECT exam_id FROM events GROUP BY exam_id ORDER BY count() DESC, exam_id LIMIT 1"
        )
        return str(rows.result_rows[0][0]) if rows.result_rows else ""


def _clickhouse(stack: RunningStack) -> Any:
    return connect(stack.clickhouse_url, stack.clickhouse_user, stack.clickhouse_password, "radstream")


def test_the_archive_of_a_running_stack_is_intact_and_as_kafka_and_clickhouse_have_it(
    archived: RunningStack,
) -> None:
    until_settled(archived)
    found = said(archived, "verify", "--compare")
    assert (found["intact"], found["faults"], found["lost"], found["strangers"]) == (True, [], [], [])
    assert found["compared_with_kafka"] > 0
    assert found["compared_with_clickhouse"] > 0
    assert said(archived, "verify", "--seal", found["last_seal"])["intact"]
    number, _, digest = found["last_seal"].partition(":")
    wrong = said(archived, "verify", "--seal", f"{number}:{digest[::-1]}", code=1)
    assert wrong["first_fault"]["object"].startswith("seals/")
    nothing = said(archived, "verify", "--from", "2001-01-01", "--to", "2001-01-02")
    assert (nothing["intact"], nothing["events"]) == (True, 0)
    assert "instants as" in said(archived, "verify", "--from", "yesterday", code=2)["error"]


def test_an_exams_evidence_is_checked_without_radstream_and_its_export_is_recorded(
    archived: RunningStack, tmp_path: Path
) -> None:
    until_settled(archived)
    exam = an_exam(archived)
    proven = said(archived, "verify", "--exam", exam)
    bundle = tmp_path / "bundle.zip"
    exported = said(archived, "evidence", exam, "-o", str(bundle))
    assert proven["events"] == exported["events"] > 0
    with zipfile.ZipFile(bundle) as content:
        (tmp_path / "check.py").write_bytes(content.read("check.py"))
        page = content.read("timeline.html").decode()
        assert "names" not in json.loads(content.read("events.json"))[0]["record"]
    assert exam.partition("|")[2] in page
    done = subprocess.run(
        [sys.executable, "-I", "check.py", "bundle.zip", "--key", exported["public_key"]],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert f"PROVEN: {proven['events']} events of {exam}" in done.stdout
    codec = connect_codec(archived.registry_url)
    audit = read_all(archived.kafka_bootstrap, codec, AUDIT)
    exports = [one for one in audit if isinstance(one, AccessRecorded) and one.event_code == "110106"]
    assert [(one.envelope.exam_id, one.object) for one in exports] == [(exam, "evidence bundle")]
    unknown = said(archived, "evidence", "no such exam", "-o", str(bundle), code=1)
    assert "has no event" in unknown["error"]


def test_what_clickhouse_lacks_and_what_was_laid_over_a_file_is_found(archived: RunningStack) -> None:
    until_settled(archived)
    with closing(_clickhouse(archived)) as client:
        exam = an_exam(archived)
        client.command("DELETE FROM events WHERE exam_id = {exam:String}", parameters={"exam": exam})
    found = said(archived, "verify", "--compare", code=1)
    assert [fault["kind"] for fault in found["faults"]] == ["clickhouse"]
    assert "are not in ClickHouse" in found["first_fault"]["what"]
    store = Minio(
        archived.s3_endpoint.removeprefix("http://"),
        access_key=archived.s3_access_key,
        secret_key=archived.s3_secret_key,
        secure=False,
    )
    files = store.list_objects(BUCKET, f"archive/{EVENTS}/", recursive=True)
    name = next(str(one.object_name) for one in files)
    content = store.get_object(BUCKET, name).read()
    store.put_object(BUCKET, name, io.BytesIO(content[:-1] + b"\x00"), len(content))
    faults = said(archived, "verify", code=1)["faults"]
    assert [(fault["kind"], fault["object"]) for fault in faults] == [("altered", name)]
    (kept,) = faults[0]["earlier_versions"]
    assert store.get_object(BUCKET, name, version_id=kept).read() == content
    assert archived.radstream("verify").stdout.count("NOT intact") == 1
