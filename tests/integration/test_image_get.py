"""`radstream image get` on a running stack: what was sent comes out again, until its patient is erased."""

from __future__ import annotations

import hashlib
import json
import time
import uuid
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.uid import UID, generate_uid
from pynetdicom import AE

from producers.dicom.associations.checkpoint import PAUSES_FOR_SENDERS
from tests.erasing import erase
from tests.running_stack import RunningStack

pytestmark = pytest.mark.stack
PATIENCE_S = 30.0


def sent(port: int) -> tuple[str, str, bytes]:
    """Send a CT slice of a new patient: SOP Instance UID, patient's number and pixels."""
    data_set = dcmread(str(get_testdata_file("CT_small.dcm")))
    data_set.StudyInstanceUID, data_set.SeriesInstanceUID = generate_uid(), generate_uid()
    instance = generate_uid()
    data_set.SOPInstanceUID = data_set.file_meta.MediaStorageSOPInstanceUID = UID(instance)
    data_set.PatientID = f"I{uuid.uuid4().hex[:10]}"
    if "IssuerOfPatientID" in data_set:
        del data_set.IssuerOfPatientID
    entity = AE(ae_title="MODALITY")
    entity.add_requested_context(data_set.SOPClassUID, data_set.file_meta.TransferSyntaxUID)
    association = entity.associate("127.0.0.1", port, ae_title="RADSTREAM", evt_handlers=[PAUSES_FOR_SENDERS])
    assert association.is_established
    assert association.dul.socket is not None
    line = association.dul.socket.socket
    assert line is not None
    try:
        assert association.send_c_store(data_set).Status == 0
        association.release()
    finally:
        line.close()
    return str(instance), data_set.PatientID, bytes(data_set.PixelData)


def test_an_image_comes_out_as_it_was_sent_and_no_more_once_its_patient_is_erased(
    pipeline: RunningStack, tmp_path: Path
) -> None:
    instance, patient, pixels = sent(pipeline.dicom_port)
    target = tmp_path / "image.dcm"
    deadline_s = time.monotonic() + PATIENCE_S
    get = ("image", "get", instance, "-o", str(target), "--json")
    while (answer := pipeline.radstream(*get)).returncode and time.monotonic() < deadline_s:
        assert "is known" in json.loads(answer.stdout)["error"]
        time.sleep(0.5)
    told = json.loads(answer.stdout)
    image = dcmread(target)
    assert (told["sop_instance_uid"], told["size_bytes"]) == (instance, target.stat().st_size)
    assert (image.PatientID, image.PixelData, target.stat().st_mode & 0o777) == (patient, pixels, 0o600)
    before = hashlib.sha256(target.read_bytes()).hexdigest()

    missing = pipeline.radstream("image", "get", "studies/1/2/3.dcm", "-o", str(target), "--json")
    assert (missing.returncode, "has no studies/1/2/3.dcm" in missing.stdout) == (1, True)

    assert erase(pipeline, f"GENERAL|{patient}")["is_complete"]
    closed = pipeline.radstream("image", "get", told["object_key"], "-o", str(target), "--json")
    assert closed.returncode == 1
    assert "erased" in json.loads(closed.stdout)["error"]
    assert hashlib.sha256(target.read_bytes()).hexdigest() == before
    assert [path.name for path in tmp_path.iterdir()] == ["image.dcm"]
