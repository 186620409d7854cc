"""dcmtk's tools and Orthanc against the running pipeline, in both directions."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pydicom import Dataset, dcmread
from pydicom.data import get_testdata_file
from pydicom.uid import (
    JPEG2000,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

from runtime.stack.ports import allocate_free_ports
from tests.dicom_files import Made, by_transfer_syntax, write
from tests.orthanc import Orthanc, orthanc
from tests.running_stack import RunningStack, run_stack

pytestmark = pytest.mark.stack
PATIENCE_S = 60.0
AE_TITLE = "RADSTREAM"
CT = Path(str(get_testdata_file("CT_small.dcm")))
SYNTAXES = (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLSLossless,
    JPEGLSNearLossless,
    JPEGLosslessSV1,
    RLELossless,
)
SENDERS = ("ECHOSCU", "STORESCU", "DCMSEND", "FINDSCU", "GETSCU", "RADSTREAM-CLI")


@dataclass(frozen=True, slots=True)
class Department:
    """A running installation, Orthanc beside it, and where movescu receives."""

    stack: RunningStack
    orthanc: Orthanc
    move_port: int

    def dcmtk(self, tool: str, *arguments: str | Path) -> str:
        """What one of dcmtk's tools says, which must end well."""
        whom = ("-aec", AE_TITLE, "127.0.0.1", str(self.stack.dicom_port))
        done = subprocess.run(
            [tool, "-v", *whom, *map(str, arguments)],
            env={**os.environ, "TCP_NODELAY": "1"},  # else it waits for delayed acknowledgements
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        said = done.stdout + done.stderr
        assert done.returncode == 0, said
        return said

    def cli(self, *arguments: str | Path) -> Any:
        """What `radstream` answers as JSON, which must end well."""
        done = self.stack.radstream(*map(str, arguments), "--json")
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)

    def archived(self, made: Made, target: Path) -> Path:
        """The image as the object store has it, once the log says so."""
        deadline_s = time.monotonic() + PATIENCE_S
        get = ("image", "get", made.instance, "-o", str(target), "--json")
        while self.stack.radstream(*get).returncode:
            assert time.monotonic() < deadline_s, f"{made.instance} is not archived"
            time.sleep(0.5)
        return target

    def towards_orthanc(self, *arguments: str | Path) -> Any:
        """`radstream dicom`, with Orthanc as the peer."""
        peer = ("--host", "127.0.0.1", "--port", str(self.orthanc.dicom_port), "--called", "ORTHANC")
        return self.cli("dicom", *arguments, *peer)


@pytest.fixture(scope="module")
def department(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Department]:
    """An installation that knows its peers, and where those are that images are moved to."""
    directory = tmp_path_factory.mktemp("department")
    orthanc_port, move_port = allocate_free_ports(1)[0], allocate_free_ports(1)[0]
    called = {"ORTHANC": orthanc_port, "MOVESCU": move_port}
    known = [f"[peers.{name}]\n" for name in SENDERS]
    known += [f'[peers.{name}]\nhost = "127.0.0.1"\nport = {port}\n' for name, port in called.items()]
    peers = directory / "peers.toml"
    peers.write_text("".join(known))
    (directory / "data").mkdir()
    (directory / "orthanc").mkdir()
    settings = {"RADSTREAM_DICOM_PEERS": str(peers), "RADSTREAM_DICOM_COMMITMENT_WAIT_S": "10"}
    with (
        run_stack(directory / "data", settings) as stack,
        orthanc(
            directory / "orthanc", dicom_port=orthanc_port, our_ae_title=AE_TITLE, our_port=stack.dicom_port
        ) as archive,
    ):
        yield Department(stack, archive, move_port)


def same_image(one: Path, other: Path) -> None:
    """The same instance of the same patient in the same transfer syntax, its pixels bit by bit."""
    a, b = dcmread(one), dcmread(other)
    assert a.file_meta.TransferSyntaxUID == b.file_meta.TransferSyntaxUID
    assert content(a) == content(b)


def content(data_set: Dataset) -> tuple[str, str, str, bytes]:
    """Which image it is, of whom, and its pixels as they are encoded."""
    pixels: bytes = data_set["PixelData"].value
    return str(data_set.SOPInstanceUID), str(data_set.PatientID), str(data_set.AccessionNumber), pixels


def one_context(directory: Path, made: Made) -> Path:
    """A configuration of storescu that proposes the file's own SOP class and transfer syntax alone."""
    path = directory / "storescu.cfg"
    path.write_text(
        f"[[TransferSyntaxes]]\n[Syntax]\nTransferSyntax1 = {made.transfer_syntax}\n"
        f"[[PresentationContexts]]\n[Context]\nPresentationContext1 = {made.sop_class}\\Syntax\n"
        "[[Profiles]]\n[Own]\nPresentationContexts = Context\n"
    )
    return path


def test_echoscu_is_answered(department: Department) -> None:
    assert "(Success)" in department.dcmtk("echoscu")


def test_storescu_sends_every_transfer_syntax_and_it_is_kept_as_it_is(
    department: Department, tmp_path: Path
) -> None:
    originals = by_transfer_syntax()
    assert set(originals) >= {str(syntax) for syntax in SYNTAXES}
    sent = []
    for number, (syntax, original) in enumerate(originals.items()):
        made = write(original, tmp_path / f"{number}.dcm")
        said = department.dcmtk("storescu", "-xf", one_context(tmp_path, made), "Own", made.path)
        assert "Received Store Response (Success)" in said, syntax
        assert made.transfer_syntax == syntax
        sent.append(made)
    for made in sent:
        same_image(department.archived(made, tmp_path / "kept.dcm"), made.path)


def test_dcmsend_sends_a_directory(department: Department, tmp_path: Path) -> None:
    first = write(CT, tmp_path / "0.dcm")
    others = [
        write(CT, tmp_path / f"{number}.dcm", study=first.study, series=first.series) for number in (1, 2)
    ]
    said = department.dcmtk("dcmsend", "--scan-directories", tmp_path)
    assert "with status SUCCESS" in said
    for made in (first, *others):  # dcmsend proposes Implicit VR as well, and sends in it where it can
        kept = department.archived(made, tmp_path / "kept.dcm")
        assert content(dcmread(kept)) == content(dcmread(made.path))


def test_orthanc_sends_to_us(department: Department, tmp_path: Path) -> None:
    made = write(CT, tmp_path / "sent.dcm")
    department.orthanc.echo()
    sent = department.orthanc.store(department.orthanc.upload(made.path.read_bytes()))
    assert (sent["InstancesCount"], sent["FailedInstancesCount"]) == (1, 0)
    same_image(department.archived(made, tmp_path / "kept.dcm"), made.path)


def test_orthanc_gets_a_commitment_for_what_it_sent_and_for_nothing_else(
    department: Department, tmp_path: Path
) -> None:
    made = write(CT, tmp_path / "sent.dcm")
    department.orthanc.store(department.orthanc.upload(made.path.read_bytes()))
    safe = department.orthanc.commit((made.sop_class, made.instance))
    some = department.orthanc.commit((made.sop_class, made.instance), (made.sop_class, "1.2.3"))
    reports = []
    for transaction in (safe, some):
        deadline_s = time.monotonic() + PATIENCE_S
        while (report := department.orthanc.committed(transaction))["Status"] == "Pending":
            assert time.monotonic() < deadline_s, "no report"
            time.sleep(0.2)
        reports.append(report)
    assert [report["Status"] for report in reports] == ["Success", "Failure"]
    assert [[x["SOPInstanceUID"] for x in report["Success"]] for report in reports] == [[made.instance]] * 2
    (failure,) = reports[1]["Failures"]
    assert (failure["SOPInstanceUID"], failure["FailureReason"]) == ("1.2.3", 0x0112)


def test_we_send_to_orthanc_and_find_and_fetch_there_what_we_sent(
    department: Department, tmp_path: Path
) -> None:
    made = write(CT, tmp_path / "sent.dcm")
    assert department.towards_orthanc("echo")["answers"]
    assert department.towards_orthanc("send", made.path)["stored"] == 1
    assert department.orthanc.has(made.instance)
    (study,) = department.towards_orthanc("find", "-k", f"PatientID={made.patient}")
    assert made.study in json.dumps(study)
    got = department.towards_orthanc("get", tmp_path / "got", "--study", made.study)
    assert got["completed"] == 1
    same_image(tmp_path / "got" / f"{made.instance}.dcm", made.path)


def test_findscu_finds_what_was_sent_at_every_level(department: Department, tmp_path: Path) -> None:
    made = sent(department, tmp_path / "sent.dcm")
    keys = {"STUDY": made.study, "SERIES": made.series, "IMAGE": made.instance}
    narrowed = [f"StudyInstanceUID={made.study}", f"SeriesInstanceUID={made.series}", "SOPInstanceUID"]
    for number, (level, uid) in enumerate(keys.items(), start=1):
        asked = [
            f"QueryRetrieveLevel={level}",
            *narrowed[: max(number - 1, 1)],
            *narrowed[number - 1 : number],
        ]
        said = department.dcmtk("findscu", "-S", *in_keys(asked))
        assert uid in said
    by_patient = department.dcmtk(
        "findscu",
        "-S",
        *in_keys(["QueryRetrieveLevel=STUDY", f"PatientID={made.patient}", "StudyInstanceUID"]),
    )
    assert made.study in by_patient
    other = department.dcmtk("findscu", "-S", *in_keys(["QueryRetrieveLevel=STUDY", "PatientID=NOBODY"]))
    assert made.study not in other


@pytest.mark.parametrize("tool", ["movescu", "getscu"])
def test_dcmtk_retrieves_a_study_as_it_was_sent(department: Department, tmp_path: Path, tool: str) -> None:
    made = sent(department, tmp_path / "sent.dcm")
    (tmp_path / "got").mkdir()
    keys = in_keys(["QueryRetrieveLevel=STUDY", f"StudyInstanceUID={made.study}"])
    receiving = ("-aem", "MOVESCU", "--port", str(department.move_port)) if tool == "movescu" else ()
    department.dcmtk(tool, "-S", *receiving, "-od", tmp_path / "got", *keys)
    (kept,) = (tmp_path / "got").iterdir()
    same_image(kept, made.path)


def test_orthanc_queries_us_and_moves_the_study_to_itself(department: Department, tmp_path: Path) -> None:
    made = sent(department, tmp_path / "sent.dcm")
    query, answers = department.orthanc.query("Study", PatientID=made.patient)
    assert [answer["StudyInstanceUID"] for answer in answers] == [made.study]
    assert not department.orthanc.has(made.instance)
    department.orthanc.retrieve(query)
    assert department.orthanc.has(made.instance)


def test_our_own_cli_finds_and_fetches_from_us(department: Department, tmp_path: Path) -> None:
    made = sent(department, tmp_path / "sent.dcm")
    (study,) = department.cli("dicom", "find", "-k", f"PatientID={made.patient}")
    assert made.study in json.dumps(study)
    got = department.cli("dicom", "get", tmp_path / "got", "--study", made.study)
    assert got["completed"] == 1
    same_image(tmp_path / "got" / f"{made.instance}.dcm", made.path)


def sent(department: Department, target: Path) -> Made:
    """A new image, once queries find it."""
    made = write(CT, target)
    department.dcmtk("storescu", "-R", made.path)
    keys = in_keys(["QueryRetrieveLevel=STUDY", f"StudyInstanceUID={made.study}", "PatientID"])
    deadline_s = time.monotonic() + PATIENCE_S
    while made.patient not in department.dcmtk("findscu", "-S", *keys):
        assert time.monotonic() < deadline_s, f"{made.study} is not in the catalogue"
        time.sleep(0.3)
    return made


def in_keys(keys: Sequence[str]) -> list[str]:
    """As dcmtk's tools take them."""
    return [part for key in keys for part in ("-k", key)]
