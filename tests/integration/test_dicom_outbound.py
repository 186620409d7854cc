"""A stack with a storescp of dcmtk as destination: studies go on, priors go ahead, kill -9 loses nothing."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hl7lw import MllpClient
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.dataset import FileDataset
from pydicom.uid import generate_uid

from schemas.codec import Codec
from schemas.events import EVENT_CLASSES, StudySent
from schemas.registry import connect_codec
from schemas.topics import EVENTS
from tests.dicom_receiver import DicomReceiver
from tests.killing import kill_9
from tests.producing import HL7_DATA, read_all
from tests.running_stack import RunningStack, run_stack
from tests.sink_running import until_on_the_stack as until

pytestmark = [
    pytest.mark.stack,
    pytest.mark.skipif(shutil.which("storescp") is None, reason="storescp is dcmtk's"),
]

DESTINATIONS = """
[[destination]]
name = "pacs"
ae_title = "PACS"
host = "127.0.0.1"
port = {pacs}
first_pause_s = 0.2
longest_pause_s = 1
[[destination.forward]]
when = {{ modality = ["CT"] }}

[[destination]]
name = "reading-room"
ae_title = "READING"
host = "127.0.0.1"
port = {reading}
first_pause_s = 0.2
longest_pause_s = 1
[[destination.prefetch]]
on = ["OrderPlaced"]
studies = 1
within_years = 100
"""
# As in the golden order.
PATIENT_ID, ISSUER = "8812", "NORTH"


@dataclass
class Receiver:
    """A storescp, and the directory that it writes to."""

    directory: Path
    port: int
    process: subprocess.Popen[bytes] | None = field(default=None)

    def start(self, ae_title: str) -> None:
        self.directory.mkdir(exist_ok=True)
        self.process = subprocess.Popen(
            ["storescp", "+xa", "+B", "-aet", ae_title, "-od", str(self.directory), str(self.port)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "TCP_NODELAY": "1"},
        )

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def data_sets(self) -> dict[str, FileDataset]:
        """By SOP Instance UID what was received."""
        found = [dcmread(path) for path in self.directory.iterdir()]
        return {str(data_set.SOPInstanceUID): data_set for data_set in found}


@dataclass
class Site:
    """The stack and its destinations."""

    stack: RunningStack
    codec: Codec
    pacs: Receiver
    reading: Receiver

    def sent(self) -> list[StudySent]:
        """StudySent of the log, each id once."""
        found = read_all(self.stack.kafka_bootstrap, self.codec, EVENTS)
        events = [event for event in found if isinstance(event, EVENT_CLASSES)]
        return list({e.envelope.event_id: e for e in events if isinstance(e, StudySent)}.values())

    def part(self) -> dict[str, Any]:
        """`dicom-out`, as `radstream status` has it."""
        document = json.loads(self.stack.radstream("status", "--json").stdout)
        found: dict[str, Any] = next(part for part in document["parts"] if part["part"] == "dicom-out")
        return found

    def deadletters(self, *arguments: str) -> tuple[int, Any]:
        """Exit code and document of `radstream deadletters`."""
        answer = self.stack.radstream("deadletters", *arguments, "--json")
        return answer.returncode, json.loads(answer.stdout)


@contextmanager
def _receiver(directory: Path) -> Iterator[Receiver]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = int(probe.getsockname()[1])
    receiver = Receiver(directory, port)
    try:
        yield receiver
    finally:
        receiver.stop()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    data: Path = tmp_path_factory.mktemp("dicom-outbound")
    out = tmp_path_factory.mktemp("received")
    with _receiver(out / "pacs") as pacs, _receiver(out / "reading") as reading:
        (data / "dicom-destinations.toml").write_text(
            DESTINATIONS.format(pacs=pacs.port, reading=reading.port)
        )
        data.chmod(0o700)
        reading.start("READING")
        with run_stack(data, {}) as stack:
            yield Site(stack, connect_codec(stack.registry_url), pacs, reading)


def study(directory: Path, count: int, accession: str) -> tuple[str, dict[str, FileDataset]]:
    """Files of a new study of one patient, on disk; its UID, and the data sets by SOP Instance UID."""
    base = dcmread(str(get_testdata_file("CT_small.dcm")))
    base.StudyInstanceUID, base.SeriesInstanceUID = generate_uid(), generate_uid()
    base.PatientID, base.IssuerOfPatientID, base.AccessionNumber = PATIENT_ID, ISSUER, accession
    directory.mkdir()
    found = {}
    for number in range(count):
        base.SOPInstanceUID = base.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        base.save_as(directory / f"{number}.dcm")
        found[str(base.SOPInstanceUID)] = dcmread(directory / f"{number}.dcm")
    return str(base.StudyInstanceUID), found


def store(stack: RunningStack, directory: Path) -> None:
    """By dcmtk's storescu, as a modality does."""
    command = ["storescu", "-aet", "CT1", "-aec", "RADSTREAM", "+sd", "127.0.0.1", str(stack.dicom_port)]
    subprocess.run([*command, str(directory)], check=True, capture_output=True, timeout=60)


def test_a_received_study_waits_for_its_destination_and_goes_on_unchanged_through_kill_9(
    site: Site, tmp_path: Path
) -> None:
    uid, files = study(tmp_path / "study", 20, "FWD-1")
    store(site.stack, tmp_path / "study")
    time.sleep(2)
    kill_9(site.stack.data, "dicom-out")
    site.pacs.start("PACS")
    until(lambda: site.sent() != [], "no StudySent", timeout_s=90)
    received = site.pacs.data_sets()
    assert received.keys() == files.keys()
    for name, data_set in received.items():
        assert data_set.PixelData == files[name].PixelData
    some = min(received)
    saved = tmp_path / "saved.dcm"
    assert site.stack.radstream("image", "get", some, "-o", str(saved)).returncode == 0
    assert received[some] == dcmread(saved)
    (sent,) = site.sent()
    assert (sent.study_instance_uid, sent.instance_count) == (uid, 20)
    assert (sent.destination_ae_title, sent.accession_number) == ("PACS", "FWD-1")
    assert sent.envelope.exam_id.endswith("|FWD-1")
    assert site.part()["lag"] is not None


def test_an_order_makes_the_patients_last_study_go_ahead(site: Site) -> None:
    raw = (
        (HL7_DATA / "orm_new_order_with_start.hl7").read_bytes().replace(b"\n", b"\r").replace(b"\r\r", b"\r")
    )
    (prior,) = site.sent()
    with closing(MllpClient()) as client:
        client.connect("127.0.0.1", site.stack.hl7_port)
        client.send(raw)
        assert b"MSA|AA" in client.recv()
    until(lambda: len(site.sent()) == 2, "no prior was sent")
    ahead = next(sent for sent in site.sent() if sent.destination_ae_title == "READING")
    assert (ahead.study_instance_uid, ahead.instance_count) == (prior.study_instance_uid, 20)
    assert len(site.reading.data_sets()) == 20
    assert ahead.envelope.exam_id == prior.envelope.exam_id


def test_kill_9_in_the_middle_of_a_study_sends_what_is_left_and_says_it_once(
    site: Site, tmp_path: Path
) -> None:
    def slowly(_: str) -> int:
        time.sleep(0.1)
        return 0x0000

    site.pacs.stop()
    pairs = [("1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.1.2.1")]
    _, files = study(tmp_path / "study", 40, "KILL-1")
    with DicomReceiver(slowly, pairs=pairs, port=site.pacs.port) as receiver:
        store(site.stack, tmp_path / "study")
        until(lambda: len(receiver.received) > 5, "nothing goes out")
        kill_9(site.stack.data, "dicom-out")
        assert len(receiver.received) < 40
        until(
            lambda: {"KILL-1"} <= {sent.accession_number for sent in site.sent()},
            "no StudySent",
            timeout_s=90,
        )
        time.sleep(1)
        assert set(receiver.uids()) == files.keys()
        assert len(receiver.received) <= 41
    (sent,) = [sent for sent in site.sent() if sent.accession_number == "KILL-1"]
    assert sent.instance_count == 40


def test_what_the_destination_refuses_is_a_dead_letter_that_goes_when_it_is_driven_again(
    site: Site, tmp_path: Path
) -> None:
    site.pacs.stop()
    mr = [("1.2.840.10008.5.1.4.1.1.4", "1.2.840.10008.1.2.1")]
    with DicomReceiver(pairs=mr, port=site.pacs.port):
        _, files = study(tmp_path / "study", 3, "FWD-2")
        store(site.stack, tmp_path / "study")
        until(lambda: site.deadletters("list", "--origin", "dicom-out")[1]["letters"] != [], "no letter")
    (letter,) = site.deadletters("list", "--origin", "dicom-out")[1]["letters"]
    assert letter["reason"] == "NotAccepted"
    site.pacs.start("PACS")
    time.sleep(0.5)
    code, answer = site.deadletters("retry", "--all", "--origin", "dicom-out")
    assert (code, answer["letters"][0]["resolution"]) == (0, "delivered")
    assert files.keys() <= site.pacs.data_sets().keys()
    assert site.deadletters("list", "--origin", "dicom-out")[1]["letters"] == []
    assert sorted(sent.instance_count for sent in site.sent()) == [3, 20, 20, 40]
