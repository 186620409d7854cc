"""A scanner on the running pipeline: the order's worklist item, the step, kill -9 in between, the end."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import generate_uid
from pynetdicom import AE
from pynetdicom.association import Association

from producers.dicom.associations.checkpoint import PAUSES_FOR_SENDERS
from producers.dicom.mpps.service import PERFORMED_STEP
from producers.hl7.sender import MllpClient
from tests.killing import kill_9
from tests.running_stack import RunningStack

pytestmark = pytest.mark.stack
PATIENCE_S = 60.0
ORDER = "\r".join(
    [
        r"MSH|^~\&|RIS|NORTH|||20260303082100+0100||OMI^O23^OMI_O23|{accession}|P|2.5.1|||||||UNICODE UTF-8",
        "PID|1||{accession}^^^NORTH^MR||MÜLLER^ÅSE||19820514|F",
        "PV1|1|O|RADWAIT",
        "ORC|NW|P{accession}^RIS|F{accession}^NORTHRIS||SC||||20260303082055+0100",
        "TQ1|1||||||20260303100000+0100||R^ROUTINE",
        "OBR|1|P{accession}^RIS|F{accession}^NORTHRIS|CTTHX^CT thorax^LOCAL",
        "IPC|{accession}^NORTHRIS|RP2||SPS2|CT|CTTHX^CT thorax|||CT01",
        "",
    ]
)


def test_an_order_is_on_the_scanners_worklist_until_its_step_has_ended(
    pipeline: RunningStack, tmp_path: Path
) -> None:
    accession, uid = f"MWL{os.urandom(4).hex()}", generate_uid()
    with MllpClient("127.0.0.1", pipeline.hl7_port, tls=None, timeout_s=60) as ris:
        assert ris.send(ORDER.format(accession=accession).encode())[0].is_accepted
    [item] = awaited(pipeline, tmp_path, accession, "SCHEDULED")
    assert str(item.PatientName) == "MÜLLER^ÅSE"
    assert item.ScheduledProcedureStepSequence[0].ScheduledStationAETitle == "CT01"
    with associated(pipeline) as scanner:
        assert scanner.send_n_create(begun(item), PERFORMED_STEP, uid)[0].Status == 0
    kill(pipeline)
    with associated(pipeline) as scanner:
        assert awaited(pipeline, tmp_path, accession, "STARTED")
        assert scanner.send_n_set(ended(), PERFORMED_STEP, uid)[0].Status == 0
        assert scanner.send_n_set(ended(), PERFORMED_STEP, uid)[0].Status == 0x0110
    assert awaited(pipeline, tmp_path, accession, None) == []


def awaited(pipeline: RunningStack, directory: Path, accession: str, status: str | None) -> list[Dataset]:
    """What findscu gets of the accession once its step has the status; None: once there is none."""
    deadline_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline_s:
        items = found(pipeline, directory, accession)
        said = [item.ScheduledProcedureStepSequence[0].ScheduledProcedureStepStatus for item in items]
        if said == ([] if status is None else [status]):
            return items
        time.sleep(0.3)
    raise AssertionError(f"the worklist does not say {status}")


def found(pipeline: RunningStack, directory: Path, accession: str) -> list[Dataset]:
    """The answers of findscu."""
    for old in directory.glob("rsp*.dcm"):
        old.unlink()
    step = "ScheduledProcedureStepSequence[0]."
    keys = [
        *(
            "PatientName",
            "PatientID",
            "IssuerOfPatientID",
            "StudyInstanceUID",
            f"AccessionNumber={accession}",
        ),
        *("IssuerOfAccessionNumberSequence", f"{step}ScheduledProcedureStepStatus"),
        *(f"{step}ScheduledStationAETitle=CT01", f"{step}Modality=CT"),
        f"{step}ScheduledProcedureStepStartDate=20260303",
    ]
    command = ["findscu", "-W", "-X", "-od", str(directory), "127.0.0.1", str(pipeline.dicom_port)]
    done = subprocess.run(
        [*command, *(part for key in keys for part in ("-k", key))],
        env={**os.environ, "TCP_NODELAY": "1"},
        capture_output=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [dcmread(path, force=True) for path in sorted(directory.glob("rsp*.dcm"))]


@contextmanager
def associated(pipeline: RunningStack) -> Iterator[Association]:
    """The scanner's association, as soon as the listener accepts it."""
    entity = AE(ae_title="CT01")
    entity.add_requested_context(PERFORMED_STEP)
    await_port(pipeline.dicom_port)
    association = entity.associate("127.0.0.1", pipeline.dicom_port, evt_handlers=[PAUSES_FOR_SENDERS])
    assert association.is_established
    try:
        yield association
    finally:
        association.release()


def await_port(port: int) -> None:
    """Return when someone accepts connections there."""
    deadline_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline_s:
        with suppress(ConnectionError), socket.create_connection(("127.0.0.1", port), 5):
            return
        time.sleep(0.3)
    raise AssertionError("the listener does not come back")


def begun(item: Dataset) -> Dataset:
    """The step, with what the worklist said of it."""
    step, scheduled = Dataset(), Dataset()
    step.SpecificCharacterSet = "ISO_IR 192"
    scheduled.StudyInstanceUID, scheduled.AccessionNumber = item.StudyInstanceUID, item.AccessionNumber
    scheduled.IssuerOfAccessionNumberSequence = item.IssuerOfAccessionNumberSequence
    step.ScheduledStepAttributesSequence = Sequence([scheduled])
    for name in ("PatientName", "PatientID", "IssuerOfPatientID"):
        setattr(step, name, item.get(name))
    step.PerformedProcedureStepID, step.PerformedStationAETitle, step.Modality = "1", "CT01", "CT"
    step.PerformedProcedureStepStartDate, step.PerformedProcedureStepStartTime = "20260303", "100500"
    step.PerformedProcedureStepStatus = "IN PROGRESS"
    return step


def ended() -> Dataset:
    """The end of the step."""
    changes = Dataset()
    changes.PerformedProcedureStepStatus = "COMPLETED"
    changes.PerformedProcedureStepEndDate, changes.PerformedProcedureStepEndTime = "20260303", "101500"
    return changes


def kill(pipeline: RunningStack) -> None:
    """Kill -9 of the DICOM listener, which the supervisor starts again."""
    pid = kill_9(pipeline.data, "dicom")
    deadline_s = time.monotonic() + PATIENCE_S
    while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline_s:
        time.sleep(0.05)
