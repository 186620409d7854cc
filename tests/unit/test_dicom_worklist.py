"""Modality Worklist over real sockets, from the topic inside librdkafka's broker to dcmtk and pynetdicom."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from confluent_kafka import Producer
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pynetdicom.association import Association
from pynetdicom.dimse_primitives import C_FIND

from producers.dicom.associations.libraries import configure_libraries
from producers.dicom.associations.server import StorageServer
from producers.dicom.associations.services import DicomService
from producers.dicom.query.recording import QueryLog
from producers.dicom.worklist.items import study_instance_uid
from producers.dicom.worklist.rows import OpenExams, WorklistReader
from producers.dicom.worklist.service import WORKLIST_FIND, WorklistConfig, WorklistService
from schemas.keyring import FileKeyRing
from schemas.parts import Phi
from schemas.phi import seal
from schemas.topics import WORKLIST
from schemas.views import WorklistRow
from tests import dicom_listening
from tests.dashboard_rows import row
from tests.producing import SITE_KEY, mock_kafka, offline_codec
from tests.unit.test_dicom_server import config as server_config

MORNING = datetime(2026, 7, 6, 7, 30, tzinfo=UTC)  # 09:30 in Berlin
BERLIN = ZoneInfo("Europe/Berlin")
NAMES = {1: "Müller^Anna", 2: "Žižek^Jan", 3: "Øst^Åse", 4: "山田^太郎"}


@pytest.fixture
def ring(tmp_path: Path) -> FileKeyRing:
    """An empty key ring."""
    return FileKeyRing(tmp_path / "ring", SITE_KEY)


def scheduled(number: int, ring: FileKeyRing, **fields: Any) -> WorklistRow:
    """A scheduled exam; the appointment is `number` hours into the morning."""
    of = row(number, "scheduled", scheduled_at=MORNING + timedelta(hours=number - 1), **fields)
    name = NAMES.get(number, f"Patient{number}^P")
    return named(of, ring, Phi(patient_name=name, patient_id=f"M{number}", birth_date="19700131", sex="F"))


def named(of: WorklistRow, ring: FileKeyRing, phi: Phi) -> WorklistRow:
    """The same row with a patient."""
    assert of.patient_key is not None
    event_id = f"event of {of.exam_id}"
    return replace(of, phi=seal(ring, of.patient_key, event_id, phi), phi_event_id=event_id)


@contextmanager
def serving(
    ring: FileKeyRing, directory: Path, *rows: WorklistRow, is_read: bool = True, **settings: Any
) -> Iterator[int]:
    """The port of a listener whose worklist has `rows`."""
    exams = OpenExams(10_000)
    for one in rows:
        exams.put(one.exam_id, one)
    if is_read:
        exams.set_read()
    queries = QueryLog("GENERAL", lambda _: None, lambda: MORNING)
    service = WorklistService(WorklistConfig(zone=BERLIN, **settings), exams, ring, queries)
    with listening(directory, service) as port:
        yield port


@contextmanager
def listening(directory: Path, *services: DicomService) -> Iterator[int]:
    """The port of a listener with the services."""
    configure_libraries()
    server = StorageServer(server_config(directory), lambda _s, _r: 0, lambda _s: None, services)
    server.start()
    try:
        yield server.port
    finally:
        server.stop(1.0)


def query(**step: str) -> Dataset:
    """The usual return keys, and keys of the step."""
    keys = Dataset()
    for name in ("AccessionNumber", "PatientName", "PatientID", "StudyInstanceUID", "RequestedProcedureID"):
        setattr(keys, name, "")
    of_step = Dataset()
    for name in ("ScheduledStationAETitle", "Modality", "ScheduledProcedureStepStartDate"):
        setattr(of_step, name, "")
    for name, value in step.items():
        setattr(of_step, name, value)
    keys.ScheduledProcedureStepSequence = Sequence([of_step])
    return keys


def associated(port: int) -> AbstractContextManager[Association]:
    """An association of the modality CT1, released at the end."""
    return dicom_listening.associated(port, WORKLIST_FIND, "CT1")


def find(port: int, keys: Dataset) -> tuple[list[Dataset], list[int]]:
    """The items and all statuses."""
    with associated(port) as association:
        answers = [(status.Status, item) for status, item in association.send_c_find(keys, WORKLIST_FIND)]
    return [item for _, item in answers if item is not None], [status for status, _ in answers]


def accessions(items: list[Dataset]) -> list[str]:
    """Accession numbers, in the order of the answer."""
    return [item.AccessionNumber for item in items]


def test_findscu_gets_the_scheduled_exams_of_its_day_in_utf_8(ring: FileKeyRing, tmp_path: Path) -> None:
    rows = [scheduled(number, ring, modality="CT") for number in (1, 2)]
    tomorrow = replace(scheduled(3, ring), scheduled_at=MORNING + timedelta(days=1))
    step = "ScheduledProcedureStepSequence[0]."
    asked = [
        *("PatientName", "PatientBirthDate", "AccessionNumber"),
        f"{step}ScheduledProcedureStepStartDate=20260706",
        f"{step}ScheduledProcedureStepStartTime",
        f"{step}Modality=CT",
    ]
    with serving(ring, tmp_path, *rows, tomorrow) as port:
        command = ["findscu", "-W", "-X", "-od", str(tmp_path), "-aec", "TESTED", "127.0.0.1", str(port)]
        keys = [part for key in asked for part in ("-k", key)]
        done = subprocess.run([*command, *keys], capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    items: list[Dataset] = [dcmread(path, force=True) for path in sorted(tmp_path.glob("rsp*.dcm"))]
    assert accessions(items) == ["A00001", "A00002"]
    assert [str(item.PatientName) for item in items] == ["Müller^Anna", "Žižek^Jan"]
    assert {item.SpecificCharacterSet for item in items} == {"ISO_IR 192"}
    assert items[0].ScheduledProcedureStepSequence[0].ScheduledProcedureStepStartTime == "093000"


@pytest.mark.parametrize("character_set", ["ISO_IR 192", "ISO_IR 100"])
def test_a_name_is_matched_in_the_character_set_of_the_query(
    ring: FileKeyRing, tmp_path: Path, character_set: str
) -> None:
    keys = query()
    keys.SpecificCharacterSet = character_set
    keys.PatientName = "MÜLLER*"
    with serving(ring, tmp_path, *(scheduled(number, ring) for number in NAMES)) as port:
        items, statuses = find(port, keys)
    assert accessions(items) == ["A00001"]
    assert statuses == [0xFF00, 0x0000]


def test_every_attribute_that_the_standard_wants_is_answered(ring: FileKeyRing, tmp_path: Path) -> None:
    exam = scheduled(
        1, ring, modality="MR", procedure_code="MRKOPF", procedure_name="MR Kopf", priority="STAT"
    )
    keys = query()
    for name in ("ReferringPhysicianName", "PatientWeight", "RequestedProcedurePriority", "PatientSex"):
        setattr(keys, name, None)
    keys.RequestedProcedureCodeSequence = Sequence()
    with serving(ring, tmp_path, exam) as port:
        [item], statuses = find(port, keys)
    assert statuses == [0xFF00, 0x0000]
    assert item.StudyInstanceUID == study_instance_uid(exam) == study_instance_uid(exam)
    assert item.StudyInstanceUID.is_valid
    assert item.StudyInstanceUID.startswith("2.25.")
    assert (item.RequestedProcedureID, item.PatientID, item.PatientSex) == ("A00001", "M1", "F")
    assert item.RequestedProcedurePriority == "STAT"
    assert item.RequestedProcedureCodeSequence[0].CodeValue == "MRKOPF"
    assert (item.ReferringPhysicianName, item.PatientWeight) == ("", None)


def test_an_exam_without_a_named_scanner_is_for_whichever_asks(ring: FileKeyRing, tmp_path: Path) -> None:
    rows = [scheduled(1, ring), scheduled(2, ring, station_ae_title="CT2")]
    with serving(ring, tmp_path, *rows) as port:
        mine, _ = find(port, query(ScheduledStationAETitle="CT1"))
        other, _ = find(port, query(ScheduledStationAETitle="CT2"))
        everyones, _ = find(port, query())
    assert [item.ScheduledProcedureStepSequence[0].ScheduledStationAETitle for item in mine] == ["CT1"]
    assert [item.ScheduledProcedureStepSequence[0].ScheduledStationAETitle for item in other] == ["CT2"] * 2
    assert accessions(everyones) == ["A00001", "A00002"]


def test_an_erased_patient_is_left_out(ring: FileKeyRing, tmp_path: Path) -> None:
    rows = [scheduled(1, ring), scheduled(2, ring)]
    assert rows[0].patient_key is not None
    ring.destroy(rows[0].patient_key)
    with serving(ring, tmp_path, *rows) as port:
        items, statuses = find(port, query())
    assert accessions(items) == ["A00002"]
    assert statuses[-1] == 0x0000


def test_a_key_that_is_not_supported_is_warned_of_and_matches_all(ring: FileKeyRing, tmp_path: Path) -> None:
    keys = query()
    keys.EthnicGroup = "unknown here"
    with serving(ring, tmp_path, scheduled(1, ring)) as port:
        items, statuses = find(port, keys)
    assert statuses == [0xFF01, 0x0000]
    assert "EthnicGroup" not in items[0]


def test_a_key_of_the_wrong_form_does_not_match_the_sop_class(ring: FileKeyRing, tmp_path: Path) -> None:
    two_steps = query()
    two_steps.ScheduledProcedureStepSequence.append(Dataset())
    with serving(ring, tmp_path, scheduled(1, ring)) as port, associated(port) as association:
        for keys in (query(ScheduledProcedureStepStartDate="next week"), two_steps):
            [(status, item)] = list(association.send_c_find(keys, WORKLIST_FIND))
            assert (status.Status, item) == (0xA900, None)
            assert "next week" not in status.ErrorComment


def test_an_unreadable_identifier_is_answered_and_the_association_goes_on(
    ring: FileKeyRing, tmp_path: Path
) -> None:
    damaged = {
        b"\x10\x00\x10\x00\xff\x00\x00\x00M": 0xC000,
        b"\x40\x00\x00\x01\xff\xff\xff\xffgarbage!": 0xC000,
        b"\x01": 0xA900,
    }
    with serving(ring, tmp_path, scheduled(1, ring)) as port, associated(port) as association:
        for identifier, status in damaged.items():
            assert raw_find(association, identifier) == status
        answers = list(association.send_c_find(query(), WORKLIST_FIND))
    assert [status.Status for status, _ in answers] == [0xFF00, 0x0000]


def raw_find(association: Association, identifier: bytes) -> int:
    """The first status to an identifier that is sent as it is."""
    request = C_FIND()
    request.MessageID = 7
    request.AffectedSOPClassUID = WORKLIST_FIND
    request.Priority = 2
    request.Identifier = BytesIO(identifier)
    context = association.accepted_contexts[0].context_id
    assert context is not None
    association._reactor_checkpoint.clear()
    try:
        association.dimse.send_msg(request, context)
        _, answer = association.dimse.get_msg(block=True)
    finally:
        association._reactor_checkpoint.set()
    assert isinstance(answer, C_FIND)
    assert answer.Status is not None
    return answer.Status


def test_a_cancel_ends_the_answer(ring: FileKeyRing, tmp_path: Path) -> None:
    rows = [scheduled(number % 20 + 1, ring, exam_id=f"G|{number}") for number in range(4_000)]
    statuses: list[int] = []
    with serving(ring, tmp_path, *rows) as port, associated(port) as association:
        for status, _ in association.send_c_find(query(), WORKLIST_FIND, msg_id=9):
            if not statuses:
                association.send_c_cancel(9, query_model=WORKLIST_FIND)
            statuses.append(status.Status)
    assert statuses[-1] == 0xFE00
    assert len(statuses) < 4_000


def test_more_matches_than_the_limit_end_out_of_resources(ring: FileKeyRing, tmp_path: Path) -> None:
    with serving(ring, tmp_path, *(scheduled(n, ring) for n in (1, 2, 3)), maximum_answers=2) as port:
        items, statuses = find(port, query())
    assert accessions(items) == ["A00001", "A00002"]
    assert statuses == [0xFF00, 0xFF00, 0xA700]


def test_before_the_topic_was_read_there_is_no_answer_rather_than_a_wrong_one(
    ring: FileKeyRing, tmp_path: Path
) -> None:
    with serving(ring, tmp_path, scheduled(1, ring), is_read=False, await_s=0.05) as port:
        assert find(port, query()) == ([], [0xA700])


def test_the_worklist_follows_its_topic_and_forgets_what_is_done(ring: FileKeyRing) -> None:
    codec = offline_codec()
    exams = OpenExams(100)
    with mock_kafka() as bootstrap, ExitStack() as stack:
        producer = Producer({"bootstrap.servers": bootstrap})

        def say(*rows: WorklistRow) -> None:
            for one in rows:
                producer.produce(WORKLIST, codec.encode(one), one.exam_id)
            assert producer.flush(10) == 0

        say(
            scheduled(1, ring),
            row(2, "in_progress"),
            row(3, "final"),
            row(4, "arrived", accession_number=None),
        )
        reader = WorklistReader(bootstrap, codec, exams)
        stack.callback(reader.close)
        reader.start()
        assert exams.await_read(20)
        assert {one.accession_number for one in exams.all()} == {"A00001", "A00002"}
        say(row(2, "acquired"), row(5, "ordered"))
        producer.produce(WORKLIST, None, "GENERAL|A00001")
        assert producer.flush(10) == 0
        deadline_s = time.monotonic() + 60
        while {one.accession_number for one in exams.all()} != {"A00005"}:
            assert time.monotonic() < deadline_s
            time.sleep(0.02)


def test_what_is_in_memory_is_bounded_and_the_latest_stay() -> None:
    exams = OpenExams(10)
    for number in range(25):
        exams.put(
            str(number),
            row(number, last_occurred_at=MORNING + timedelta(minutes=number), exam_id=str(number)),
        )
    kept = sorted(int(one.exam_id) for one in exams.all())
    assert len(kept) <= 10
    assert kept == list(range(25 - len(kept), 25))
