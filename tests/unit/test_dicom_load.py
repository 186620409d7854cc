"""What the DICOM benchmark and the fuzz send: real slices, and PDUs that the library reads."""

from __future__ import annotations

from io import BytesIO
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
from pydicom import dcmread
from pydicom.uid import ExplicitVRLittleEndian
from pynetdicom.dsutils import decode
from pynetdicom.pdu import A_ASSOCIATE_RQ, P_DATA_TF

from benchmarks.dicom_slices import SliceTemplate, identities
from benchmarks.dicom_upper_layer import associate_request, c_store, p_data, status_of

CT = "1.2.840.10008.5.1.4.1.1.2"


@pytest.mark.parametrize("side", [512, 64])
def test_a_slice_has_the_uids_that_it_was_given_and_real_pixels(side: int) -> None:
    template = SliceTemplate(side)
    (identity,) = identities(1, Random(1), studies=1)
    found = dcmread(BytesIO(template.file(identity)))
    uids = found.StudyInstanceUID, found.SeriesInstanceUID, found.SOPInstanceUID
    assert uids == (identity.study, identity.series, identity.instance)
    assert found.file_meta.MediaStorageSOPInstanceUID == identity.instance
    assert (found.PatientID, found.AccessionNumber) == (identity.patient, identity.accession)
    assert found.pixel_array.shape == (side, side)
    alone = dcmread(BytesIO(template.data_set(identity)), force=True)
    assert (alone.SOPInstanceUID, alone.PixelData) == (found.SOPInstanceUID, found.PixelData)


def test_a_file_is_patched_to_the_slice_that_would_have_been_made(tmp_path: Path) -> None:
    template = SliceTemplate(64)
    first, second = identities(2, Random(1), studies=2)
    path = tmp_path / "slice.dcm"
    path.write_bytes(template.file(first))
    template.patch(path, second)
    assert path.read_bytes() == template.file(second)


def test_slices_come_study_after_study_of_two_series_each() -> None:
    made = identities(40, Random(1), studies=4)
    assert len({identity.instance for identity in made}) == 40
    assert len({identity.series for identity in made}) == 8
    assert len({(identity.study, identity.patient) for identity in made}) == 4
    changes = sum(a.study != b.study for a, b in pairwise(made))
    assert changes == 3


def test_the_library_reads_what_we_write() -> None:
    request = A_ASSOCIATE_RQ()
    request.decode(associate_request("CALLED", "CALLING", [(1, CT, [ExplicitVRLittleEndian])]))
    assert (request.called_ae_title, request.calling_ae_title) == ("CALLED", "CALLING")
    (context,) = request.presentation_context
    assert (context.context_id, context.abstract_syntax) == (1, CT)
    fragments = P_DATA_TF()
    fragments.decode(p_data(1, c_store(7, CT, "1.2.3"), is_command=True))
    (item,) = fragments.presentation_data_value_items
    assert item.presentation_context_id == 1
    assert item.presentation_data_value is not None
    message = decode(BytesIO(item.presentation_data_value[1:]), True, True)
    assert (message.AffectedSOPInstanceUID, message.MessageID) == ("1.2.3", 7)


def test_a_status_is_found_in_an_answer_and_none_in_a_request() -> None:
    assert status_of(b"\x00\x00\x00\x09\x02\x00\x00\x00\x00\xa7") == 0xA700
    assert status_of(c_store(7, CT, "1.2.3")) is None
