"""Query and retrieval on the real stack, by dcmtk and our own command line, until the patient is erased."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from pydicom import dcmread
from pydicom.uid import (
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGBaseline8Bit,
    RLELossless,
    generate_uid,
)
from pynetdicom.dsutils import split_dataset

from producers.dicom.client.peer import Peer
from producers.dicom.client.sending import send
from runtime.stack.ports import allocate_free_ports
from tests.dicom_files import Made, by_transfer_syntax, write
from tests.erasing import certificate, erase
from tests.running_stack import RunningStack, run_stack
from tests.sink_running import until as until_it_holds

pytestmark = pytest.mark.stack
# A verb keeps a core busy for as long as the pause.
until = partial(until_it_holds, timeout_s=60.0, every_s=1.0)
SYNTAXES = (ExplicitVRLittleEndian, ImplicitVRLittleEndian, JPEGBaseline8Bit, RLELossless)


@dataclass(frozen=True, slots=True)
class Hospital:
    """An installation with one destination, and one study in it, in several transfer syntaxes."""

    stack: RunningStack
    move_port: int
    images: list[Made]

    @property
    def study(self) -> str:
        """Its UID."""
        return self.images[0].study

    def dcmtk(self, tool: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """What one of dcmtk's tools says."""
        whom = ("-aec", "RADSTREAM", "127.0.0.1", str(self.stack.dicom_port))
        return subprocess.run(
            [tool, "-v", "-S", *whom, *map(str, arguments)],
            env={**os.environ, "TCP_NODELAY": "1"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def cli(self, *arguments: str | Path) -> Any:
        """What `radstream` answers as JSON, which must end well."""
        done = self.stack.radstream(*map(str, arguments), "--json")
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)

    def found(self, *keys: str) -> list[Any]:
        """Images of the study, as our own command line finds them."""
        at = ("-k", f"StudyInstanceUID={self.study}", "-k", f"SeriesInstanceUID={self.images[0].series}")
        return list(self.cli("dicom", "find", "--level", "IMAGE", *at, *keys))


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hospital]:
    """Stored by C-STORE, and found in the catalogue."""
    directory = tmp_path_factory.mktemp("hospital")
    move_port = allocate_free_ports(1)[0]
    known = [f"[peers.{name}]\n" for name in ("VIEWER", "FINDSCU", "GETSCU", "RADSTREAM-CLI")]
    known.append(f'[peers.MOVESCU]\nhost = "127.0.0.1"\nport = {move_port}\n')
    peers = directory / "peers.toml"
    peers.write_text("".join(known))
    (directory / "data").mkdir()
    study, series, patient = generate_uid(), generate_uid(), f"I{uuid4().hex[:10]}"
    images = [
        write(
            by_transfer_syntax()[syntax], directory / f"{n}.dcm", study=study, series=series, patient=patient
        )
        for n, syntax in enumerate(SYNTAXES)
    ]
    with run_stack(directory / "data", {"RADSTREAM_DICOM_PEERS": str(peers)}) as stack:
        port = stack.dicom_port
        peer = Peer(host="127.0.0.1", port=port, called_ae_title="RADSTREAM", calling_ae_title="VIEWER")
        assert all(sent.is_stored for sent in send(peer, [image.path for image in images]))
        hospital = Hospital(stack, move_port, images)
        until(lambda: len(hospital.found()) == len(images))
        yield hospital


def data_set_of(path: Path) -> bytes:
    """As it went over the network."""
    _, offset = split_dataset(path)
    return path.read_bytes()[offset:]


def test_findscu_finds_the_study_by_its_patient(hospital: Hospital) -> None:
    patient = hospital.images[0].patient
    keys = ("QueryRetrieveLevel=STUDY", f"PatientID={patient}", "PatientName", "StudyInstanceUID")
    counts = ("NumberOfStudyRelatedInstances", "ModalitiesInStudy")
    asked = [part for key in (*keys, *counts) for part in ("-k", key)]
    done = hospital.dcmtk("findscu", *asked)
    assert done.returncode == 0, done.stderr
    said = done.stdout + done.stderr
    assert hospital.study in said
    assert f"[{len(SYNTAXES)}" in said


def test_movescu_receives_each_image_as_it_was_sent(hospital: Hospital, tmp_path: Path) -> None:
    asked = ("-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={hospital.study}")
    to = ("-aem", "MOVESCU", "--port", str(hospital.move_port), "+xa", "-od", tmp_path)
    done = hospital.dcmtk("movescu", *to, *asked)
    assert done.returncode == 0, done.stderr
    received = {str(dcmread(path).SOPInstanceUID): path for path in tmp_path.iterdir()}
    assert set(received) == {image.instance for image in hospital.images}, done.stdout + done.stderr
    for image in hospital.images:
        got, sent = dcmread(received[image.instance]), dcmread(image.path)
        assert got.file_meta.TransferSyntaxUID == sent.file_meta.TransferSyntaxUID
        assert got["PixelData"].value == sent["PixelData"].value


def test_getscu_gets_what_it_takes_and_hears_what_it_does_not(hospital: Hospital, tmp_path: Path) -> None:
    asked = ("-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={hospital.study}", "-od", tmp_path)
    done = hospital.dcmtk("getscu", *asked)
    got = {str(dcmread(path).SOPInstanceUID) for path in tmp_path.iterdir()}
    assert got <= {image.instance for image in hospital.images}
    assert got
    said = done.stdout + done.stderr
    assert len(got) < len(SYNTAXES)
    assert "Warning" in said


def test_our_own_command_line_gets_the_study_and_each_retrieval_is_an_event(
    hospital: Hospital, tmp_path: Path
) -> None:
    done = hospital.stack.radstream(
        "dicom", "get", str(tmp_path / "got"), "--study", hospital.study, "--json"
    )
    got = json.loads(done.stdout)
    assert (done.returncode, got["failed"]) == (1, len(SYNTAXES) - got["completed"])
    assert "not taken" in got["problem"]  # it proposes no RLE
    taken = {str(dcmread(path).SOPInstanceUID): path for path in (tmp_path / "got").iterdir()}
    assert got["completed"] == len(taken) >= 2
    for image in hospital.images:
        if image.instance in taken:
            assert data_set_of(taken[image.instance]) == data_set_of(image.path)
    query = (
        "SELECT event_type, count() AS n FROM v_events WHERE source_system = 'RADSTREAM-CLI' "
        "AND event_type IN ('StudyRetrieved', 'AccessRecorded') GROUP BY event_type ORDER BY event_type"
    )
    until(lambda: len(json.loads(hospital.stack.radstream("sql", query, "--json").stdout)) == 2)


def test_an_erased_patient_is_not_found_and_cannot_be_retrieved(hospital: Hospital, tmp_path: Path) -> None:
    erased = erase(hospital.stack, f"GENERAL|{hospital.images[0].patient}")
    sent = certificate(erased["certificate"])["not_covered"]["sent_before"]
    assert [one["what"] for one in sent if "fetched" in one["what"]] != []
    until(lambda: hospital.found() == [])
    asked = ("QueryRetrieveLevel=STUDY", f"StudyInstanceUID={hospital.study}", "PatientName")
    done = hospital.dcmtk("findscu", *[part for key in asked for part in ("-k", key)])
    assert (done.returncode, "Pending" in done.stderr) == (0, False)
    moved = hospital.dcmtk(
        "movescu",
        *("-aem", "MOVESCU", "--port", str(hospital.move_port), "+xa"),
        *("-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={hospital.study}", "-od", tmp_path),
    )
    assert moved.returncode != 0
    assert "Refused: OutOfResourcesSubOperations" in moved.stdout + moved.stderr  # as dcmtk calls 0xA702
    assert list(tmp_path.iterdir()) == []
