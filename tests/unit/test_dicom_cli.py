"""`radstream dicom` against real application entities of pynetdicom."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, JPEGBaseline8Bit
from pynetdicom import AE, evt
from typer.testing import CliRunner, Result

from producers.dicom.associations.libraries import configure_libraries
from producers.dicom.query.text import BadQuery, query
from runtime.cli.dicom import app
from tests.unit.test_simulator_dicom import ct_images, started

ECHO, FIND, GET = "1.2.840.10008.1.1", "1.2.840.10008.5.1.4.1.2.2.1", "1.2.840.10008.5.1.4.1.2.2.3"
WORKLIST = "1.2.840.10008.5.1.4.31"


def run(*arguments: object, data: Path) -> Result:
    return CliRunner().invoke(app, [*(str(argument) for argument in arguments), "--data", str(data)])


def written(directory: Path) -> list[Path]:
    directory.mkdir()
    paths = []
    for number, image in enumerate(ct_images()):
        paths.append(directory / f"{number}.dcm")
        image.save_as(paths[-1], enforce_file_format=True)
    return paths


class Archive:
    """Keeps what it is sent, answers every query with one study, and gives all it has."""

    def __init__(self) -> None:
        self.stored: dict[str, Dataset] = {}
        self.bytes: dict[str, bytes] = {}
        self.keys: list[Dataset] = []

    def store(self, event: Any) -> int:
        image = event.dataset
        image.file_meta = event.file_meta
        self.stored[str(image.SOPInstanceUID)] = image
        self.bytes[str(image.SOPInstanceUID)] = event.encoded_dataset(include_meta=False)
        return 0

    def find(self, event: Any) -> Iterator[tuple[int, Dataset | None]]:
        self.keys.append(event.identifier)
        match = Dataset()
        match.StudyInstanceUID, match.PatientName = "1.2.3", "DOE^JANE"
        yield 0xFF00, match

    def get(self, event: Any) -> Iterator[Any]:
        self.keys.append(event.identifier)
        yield len(self.stored)
        for image in self.stored.values():
            yield 0xFF00, image


@contextmanager
def archive(*classes: str) -> Iterator[tuple[Archive, list[object]]]:
    """An archive, and the command line's words for it."""
    configure_libraries()
    kept, entity = Archive(), AE("ARCHIVE")
    entity.require_called_aet = True
    for sop_class in classes:
        entity.add_supported_context(sop_class)
    for image in ct_images()[:1]:
        entity.add_supported_context(image.SOPClassUID, ExplicitVRLittleEndian, scu_role=True, scp_role=True)
    handlers: list[Any] = [
        (evt.EVT_C_STORE, kept.store),
        (evt.EVT_C_FIND, kept.find),
        (evt.EVT_C_GET, kept.get),
    ]
    with started(entity, handlers) as port:
        yield kept, ["--host", "127.0.0.1", "--port", port, "--called", "ARCHIVE"]


def test_echo_says_whether_the_peer_answers(tmp_path: Path) -> None:
    with archive(ECHO) as (_, peer):
        result = run("echo", *peer, "--json", data=tmp_path)
    assert result.exit_code == 0
    assert json.loads(result.stdout)["answers"] is True


def test_a_rejected_association_says_the_peer_s_reason(tmp_path: Path) -> None:
    with archive(ECHO) as (_, peer):
        result = run("echo", *peer[:-1], "ANOTHER", "--json", data=tmp_path)
    assert result.exit_code == 1
    assert "Called AE title not recognised" in json.loads(result.stdout)["error"]


def test_a_peer_that_is_not_there_is_said_with_the_next_step(tmp_path: Path) -> None:
    result = run("echo", "--host", "127.0.0.1", "--port", 1, "--json", data=tmp_path)
    assert result.exit_code == 1
    assert "is it up" in json.loads(result.stdout)["error"]


def test_images_are_sent_byte_for_byte_and_got_back_the_same(tmp_path: Path) -> None:
    paths = written(tmp_path / "in")
    with archive(FIND, GET) as (kept, peer):
        sent = run("send", tmp_path / "in", *peer, "--json", data=tmp_path)
        got = run("get", tmp_path / "out", "--study", "1.2.3", *peer, "--json", data=tmp_path)
    assert sent.exit_code == 0, sent.output
    assert json.loads(sent.stdout)["stored"] == len(paths) == len(kept.stored)
    assert all(path.read_bytes().endswith(kept.bytes[dcmread(path).SOPInstanceUID]) for path in paths)
    assert got.exit_code == 0, got.output
    assert json.loads(got.stdout)["completed"] == len(paths)
    assert kept.keys[-1].QueryRetrieveLevel == "STUDY"
    for path in paths:
        image = dcmread(path)
        back = tmp_path / "out" / f"{image.SOPInstanceUID}.dcm"
        assert dcmread(back).PixelData == image.PixelData
        assert back.stat().st_mode & 0o777 == 0o600


def test_what_is_no_dicom_file_and_what_the_peer_does_not_take_is_said_per_file(tmp_path: Path) -> None:
    good, other = written(tmp_path / "in")[:2]
    image = dcmread(other)
    image.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    raw = BytesIO()
    image["PixelData"].is_undefined_length = True
    image.PixelData = b"\xfe\xff\x00\xe0\x00\x00\x00\x00\xfe\xff\x00\xe0\x02\x00\x00\x00\xff\xd8"
    image.save_as(raw, enforce_file_format=True)
    other.write_bytes(raw.getvalue())
    text = tmp_path / "in" / "notes.txt"
    text.write_text("no image")
    with archive() as (kept, peer):
        result = run("send", good, other, text, *peer, "--json", data=tmp_path)
    answers = {Path(one["file"]).name: one for one in json.loads(result.stdout)["answers"]}
    assert result.exit_code == 1
    assert len(kept.stored) == 1
    assert answers[good.name]["is_stored"] is True
    assert "does not take CT Image Storage in JPEG Baseline" in answers[other.name]["problem"]
    assert "no DICOM file" in answers["notes.txt"]["problem"]


@pytest.mark.parametrize(("verb", "sop_class"), [("find", FIND), ("worklist", WORKLIST)])
def test_a_query_asks_for_the_usual_attributes_and_matches_the_given_ones(
    verb: str, sop_class: str, tmp_path: Path
) -> None:
    with archive(sop_class) as (kept, peer):
        result = run(verb, "-k", "AccessionNumber=A1", *peer, "--json", data=tmp_path)
    assert json.loads(result.stdout) == [{"PatientName": "DOE^JANE", "StudyInstanceUID": "1.2.3"}]
    (keys,) = kept.keys
    assert keys.AccessionNumber == "A1"
    assert "PatientName" in keys


def test_matches_are_shown_as_text(tmp_path: Path) -> None:
    with archive(FIND) as (_, peer):
        result = run("find", *peer, data=tmp_path)
    assert "1.2.3" in result.stdout
    assert "1 matches" in result.stdout


def test_a_worklist_is_narrowed_in_the_scheduled_step(tmp_path: Path) -> None:
    with archive(WORKLIST) as (kept, peer):
        run("worklist", "--modality", "CT", "--date", "20260301-", *peer, "--json", data=tmp_path)
    step = kept.keys[0].ScheduledProcedureStepSequence[0]
    assert (step.Modality, step.ScheduledProcedureStepStartDate) == ("CT", "20260301-")


def test_a_service_that_the_peer_does_not_offer_is_an_error(tmp_path: Path) -> None:
    with archive(ECHO) as (_, peer):
        result = run("find", *peer, "--json", data=tmp_path)
    assert "offers none of the services" in json.loads(result.stdout)["error"]


@pytest.mark.parametrize(
    "text", ["Nonsense=1", "ScheduledProcedureStepSequence=1", "PatientID[0].Modality=CT"]
)
def test_a_key_that_is_none_is_explained(text: str) -> None:
    with pytest.raises(BadQuery, match=r"keyword|followed"):
        query([], [text])


def test_a_file_is_explained_with_the_events_that_it_becomes(tmp_path: Path) -> None:
    path = written(tmp_path / "in")[0]
    result = run("explain", path, "--json", data=tmp_path)
    found, image = json.loads(result.stdout), dcmread(path)
    assert result.exit_code == 0
    assert (found["sop_class"], found["status"]) == ("CT Image Storage", 0)
    assert found["sealed"]["patient_id"] == image.PatientID
    assert [event["event"] for event in found["events"]] == ["FirstImageStored", "InstanceStored"]
    assert found["events"][1]["sop_instance_uid"] == image.SOPInstanceUID
    assert found["events"][1]["accession_number"] == image.AccessionNumber
    assert image.PatientID not in json.dumps(found["events"])
    assert not (tmp_path / "keys").exists()


def test_a_refused_file_is_explained_with_its_status(tmp_path: Path) -> None:
    path = written(tmp_path / "in")[0]
    image = dcmread(path)
    del image.StudyInstanceUID
    image.save_as(path)
    result = run("explain", path, "--json", data=tmp_path)
    found = json.loads(result.stdout)
    assert result.exit_code == 1
    assert (found["status"], found["reason"]) == (0xC000, "CannotUnderstand")
    assert "StudyInstanceUID" in found["problem"]


def test_what_is_no_dicom_file_cannot_be_explained(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("no image")
    result = run("explain", path, "--json", data=tmp_path)
    assert result.exit_code == 1
    assert "no DICOM file" in json.loads(result.stdout)["error"]
