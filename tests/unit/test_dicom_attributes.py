"""What is read of an image, and what is refused."""

from __future__ import annotations

import contextlib
import warnings
from datetime import UTC, datetime
from io import BytesIO
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filereader import read_dataset
from pydicom.filewriter import write_dataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

from producers.dicom.query.attributes import QueryAttributes, query_attributes_in
from producers.dicom.query.matching import is_date, is_time
from producers.dicom.storage.attributes import InstanceAttributes, read_attributes
from producers.dicom.storage.content import MemoryContent, beginning, whole
from producers.dicom.storage.received import Received, dicom_file
from producers.dicom.storage.refusals import CannotUnderstand, DataSetDoesNotMatch, Refused


def image(**changes: object) -> Dataset:
    """A small image; a None takes an attribute away."""
    data_set = Dataset()
    data_set.SpecificCharacterSet = "ISO_IR 192"
    data_set.SOPClassUID = CTImageStorage
    data_set.SOPInstanceUID = "2.25.3"
    data_set.StudyInstanceUID = "2.25.1"
    data_set.SeriesInstanceUID = "2.25.2"
    data_set.Modality = "CT"
    data_set.PatientName = "MÜLLER^JÖRG"
    data_set.PatientID = "8817"
    data_set.AccessionNumber = "ACC-1"
    data_set.BitsAllocated = 8
    data_set.PixelRepresentation = 0
    data_set.PixelData = b"\x00" * 64
    for keyword, value in changes.items():
        if value is None:
            delattr(data_set, keyword)
        else:
            setattr(data_set, keyword, value)
    return data_set


def received(data_set: Dataset, sop_instance_uid: str = "2.25.3", calling_ae_title: str = "CT01") -> Received:
    """As it comes over the network."""
    out = DicomBytesIO()
    out.is_little_endian, out.is_implicit_VR = True, False
    write_dataset(out, data_set)
    return Received(
        CTImageStorage,
        sop_instance_uid,
        ExplicitVRLittleEndian,
        calling_ae_title,
        MemoryContent(out.getvalue()),
    )


def attributes_of(data_set: Dataset, sop_instance_uid: str = "2.25.3") -> InstanceAttributes:
    """What is read of it."""
    came = received(data_set, sop_instance_uid)
    return read_attributes(came, ZoneInfo("Europe/Berlin"))


def test_an_image_is_read_with_its_own_character_set() -> None:
    found = attributes_of(image())
    assert (found.accession_number, found.modality, found.object_path) == (
        "ACC-1",
        "CT",
        "2.25.1/2.25.2/2.25.3",
    )
    assert (found.phi.patient_name, found.phi.patient_id) == ("MÜLLER^JÖRG", "8817")


def test_the_file_is_a_dicom_file_and_the_same_whoever_sends_it() -> None:
    first, second = (
        whole(dicom_file(received(image(), calling_ae_title=title))) for title in ("CT01", "CT02")
    )
    assert first == second
    read = dcmread(BytesIO(first))
    assert read.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
    assert read.file_meta.MediaStorageSOPInstanceUID == read.SOPInstanceUID == "2.25.3"
    assert read.PixelData == b"\x00" * 64


@pytest.mark.parametrize("missing", ["PatientID", "AccessionNumber", "PatientName", "Modality"])
def test_an_image_without_patient_or_accession_is_accepted(missing: str) -> None:
    assert attributes_of(image(**{missing: None})).study_instance_uid == "2.25.1"


@pytest.mark.parametrize(
    "missing", ["SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "SOPClassUID"]
)
def test_an_image_without_a_uid_cannot_be_understood(missing: str) -> None:
    with pytest.raises(CannotUnderstand, match=missing):
        attributes_of(image(**{missing: None}))


@pytest.mark.parametrize(
    "uid", ["../../etc/passwd", "1.2/3", "1..2", "1.2.", ".1", "abc", "1." + "2" * 63, "1.2\\3"]
)
@pytest.mark.filterwarnings("ignore:Invalid value for VR UI:UserWarning")
@pytest.mark.filterwarnings("ignore:The value length:UserWarning")
def test_a_uid_that_is_none_cannot_name_an_object(uid: str) -> None:
    with pytest.raises(CannotUnderstand):
        attributes_of(image(StudyInstanceUID=uid))


def test_an_image_that_is_not_what_the_command_says_does_not_match() -> None:
    with pytest.raises(DataSetDoesNotMatch, match="SOP Instance UID"):
        attributes_of(image(), sop_instance_uid="2.25.4")
    with pytest.raises(DataSetDoesNotMatch, match="SOP Class UID"):
        attributes_of(image(SOPClassUID="1.2.840.10008.5.1.4.1.1.4"))


@given(st.binary(max_size=300))
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    came = Received(CTImageStorage, "2.25.3", ExplicitVRLittleEndian, "CT01", MemoryContent(data))
    with pytest.raises(Refused):
        read_attributes(came, UTC)


@given(st.integers(min_value=0))
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_cut_image_is_read_or_refused(cut: int) -> None:
    content = received(image()).content
    data = beginning(content, cut % content.size_bytes)
    came = Received(CTImageStorage, "2.25.3", ExplicitVRLittleEndian, "CT01", MemoryContent(data))
    with contextlib.suppress(Refused):
        assert read_attributes(came, UTC).series_instance_uid == "2.25.2"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"AcquisitionDateTime": "20260303101500.5+0200"},
            datetime(2026, 3, 3, 8, 15, 0, 500_000, tzinfo=UTC),
        ),
        ({"AcquisitionDateTime": "20260303101500"}, datetime(2026, 3, 3, 9, 15, tzinfo=UTC)),
        (
            {"AcquisitionDateTime": "20260303101500", "TimezoneOffsetFromUTC": "-0500"},
            datetime(2026, 3, 3, 15, 15, tzinfo=UTC),
        ),
        ({"AcquisitionDate": "20260303", "AcquisitionTime": "1015"}, datetime(2026, 3, 3, 9, 15, tzinfo=UTC)),
        (
            {"ContentDate": "20260303", "ContentTime": "101500.25"},
            datetime(2026, 3, 3, 9, 15, 0, 250_000, tzinfo=UTC),
        ),
        ({"SeriesDate": "20260303"}, None),
        ({"StudyDate": "19920304", "StudyTime": "0800"}, datetime(1992, 3, 4, 7, 0, tzinfo=UTC)),
        ({}, None),
    ],
)
def test_the_nearest_time_that_the_image_has_is_its_acquisition_time(
    changes: dict[str, object], expected: datetime | None
) -> None:
    assert attributes_of(image(**changes)).acquired_at == expected


def test_the_issuer_of_the_accession_number_is_read() -> None:
    issuer = Dataset()
    issuer.LocalNamespaceEntityID = "SOUTH"
    assert attributes_of(image(IssuerOfAccessionNumberSequence=[issuer])).issuer_of_accession == "SOUTH"


def test_what_queries_ask_for_is_read_and_free_text_is_sealed() -> None:
    found = attributes_of(
        image(
            StudyDate="19921231",
            StudyTime="2359",
            StudyID="7",
            SeriesNumber=3,
            InstanceNumber=-1,
            NumberOfFrames=12,
            Rows=512,
            Columns=256,
            BodyPartExamined="CHEST",
            StudyDescription="Schädel",
            SeriesDescription="axial",
            ReferringPhysicianName="Weiß^Ida",
        )
    )
    assert found.query == QueryAttributes(
        study_date="19921231",
        study_time="2359",
        study_id="7",
        series_number=3,
        instance_number=-1,
        number_of_frames=12,
        rows=512,
        columns=256,
        body_part="CHEST",
    )
    phi = found.phi
    assert (phi.study_description, phi.series_description) == ("Schädel", "axial")
    assert phi.referring_physician_name == "Weiß^Ida"


@given(number=st.binary(max_size=14), date=st.binary(max_size=10), time=st.binary(max_size=8))
def test_a_number_or_date_that_is_none_is_left_out(number: bytes, date: bytes, time: bytes) -> None:
    elements = {b"\x08\x00\x20\x00DA": date, b"\x08\x00\x30\x00TM": time, b"\x20\x00\x11\x00IS": number}
    raw = b"".join(head + len(value).to_bytes(2, "little") + value for head, value in elements.items())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the reader's own, of the values
        query = query_attributes_in(read_dataset(BytesIO(raw), is_implicit_VR=False, is_little_endian=True))
    assert query.series_number is None or isinstance(query.series_number, int)
    assert query.study_date is None or is_date(query.study_date)
    assert query.study_time is None or is_time(query.study_time)
