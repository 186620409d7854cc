"""Plain data sets are read as pydicom reads them, to the value and to the refusal."""

from __future__ import annotations

import importlib.metadata
import warnings
from contextlib import suppress
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset
from pydicom.sequence import Sequence
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom.dsutils import split_dataset

from producers.dicom.storage import attributes
from producers.dicom.storage.attributes import InstanceAttributes, read_attributes
from producers.dicom.storage.content import MemoryContent
from producers.dicom.storage.header import read_plain_header
from producers.dicom.storage.plain_header import NotPlain, plain_header
from producers.dicom.storage.received import Received
from producers.dicom.storage.refusals import Refused

Outcome = tuple[str, object]


def packaged_files() -> list[Path]:
    """The files that pydicom and pydicom-data bring."""
    packages = (importlib.metadata.files("pydicom") or [], importlib.metadata.files("pydicom-data") or [])
    return [Path(str(file.locate())) for files in packages for file in files if file.suffix == ".dcm"]


def received(data: bytes, syntax: str = ExplicitVRLittleEndian, **uids: str) -> Received:
    """A data set as it comes."""
    return Received(
        uids.get("sop_class", CTImageStorage),
        uids.get("instance", "2.25.3"),
        syntax,
        "CT",
        MemoryContent(data),
    )


def outcome(given_data: Received, *, is_fast: bool) -> Outcome:
    """What is read, or why it is refused."""
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if not is_fast:
            patch.setattr(attributes, "read_plain_header", lambda _: None)
        try:
            return "read", read_attributes(given_data, UTC)
        except Refused as refused:
            return type(refused).__name__, str(refused)


def is_plain(given_data: Received) -> bool:
    """Whether it is read without pydicom's reader."""
    return read_plain_header(given_data) is not None


def test_every_file_of_pydicom_gives_what_pydicom_gives() -> None:
    plain = read = 0
    for path in packaged_files():
        with warnings.catch_warnings(), suppress(InvalidDicomError, AttributeError):
            warnings.simplefilter("ignore")
            meta, offset = split_dataset(path)
            uids = {"sop_class": meta.MediaStorageSOPClassUID, "instance": meta.MediaStorageSOPInstanceUID}
            came = received(path.read_bytes()[offset:], meta.TransferSyntaxUID, **uids)
            read += 1
            plain += is_plain(came)
            assert outcome(came, is_fast=True) == outcome(came, is_fast=False), path.name
    assert (read > 100, plain > 50) == (True, True)


def encoded(**changes: Any) -> bytes:
    """A data set with what is seldom: sequences in sequences, of both kinds of length; private elements."""
    inner = Dataset()
    inner.CodeValue = "1"
    outer = Dataset()
    outer.ProcedureCodeSequence = Sequence([inner, inner])
    outer.ReferencedSOPInstanceUID = "1.2"
    data_set = Dataset()
    data_set.SpecificCharacterSet = "ISO_IR 100"
    data_set.SOPClassUID, data_set.SOPInstanceUID = CTImageStorage, "2.25.3"
    data_set.StudyInstanceUID, data_set.SeriesInstanceUID = "2.25.1", "2.25.2"
    data_set.PatientName, data_set.PatientID, data_set.Modality = "MÜLLER^JÖRG", "8817", "CT"
    data_set.AccessionNumber, data_set.StudyDate, data_set.StudyTime = "ACC-1", "20260301", "101500"
    data_set.ReferencedStudySequence = Sequence([outer])
    data_set.ReferencedStudySequence.is_undefined_length = True
    outer.is_undefined_length_sequence_item = True
    data_set["ReferencedStudySequence"].is_undefined_length = True
    data_set.SeriesNumber, data_set.Rows = "3", 512
    data_set.private_block(0x0029, "INVENTED", create=True).add_new(1, "LO", "x" * 20)
    data_set.BitsAllocated, data_set.PixelRepresentation = 8, 0
    data_set.PixelData = b"\x00" * 64
    for keyword, value in changes.items():
        setattr(data_set, keyword, value)
    out = DicomBytesIO()
    out.is_little_endian, out.is_implicit_VR = True, False
    write_dataset(out, data_set)
    return bytes(out.getvalue())


def test_sequences_of_undefined_length_and_private_elements_are_plain() -> None:
    came = received(encoded())
    assert is_plain(came)
    kind, found = outcome(came, is_fast=True)
    assert (kind, found) == outcome(came, is_fast=False)
    assert isinstance(found, InstanceAttributes)
    assert (found.phi.patient_name, found.accession_number) == ("MÜLLER^JÖRG", "ACC-1")


@given(st.data())
def test_damaged_data_sets_give_what_pydicom_gives(data: st.DataObject) -> None:
    raw = bytearray(encoded())
    for _ in range(data.draw(st.integers(1, 3))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):
        del raw[data.draw(st.integers(0, len(raw))) :]
    came = received(bytes(raw))
    assert outcome(came, is_fast=True) == outcome(came, is_fast=False)


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99"])
def test_other_encodings_are_left_to_pydicom(syntax: str) -> None:
    with pytest.raises(NotPlain):
        plain_header(encoded(), syntax, frozenset(), is_whole=True)


def test_a_header_longer_than_what_is_looked_at_is_left_to_pydicom() -> None:
    long_data = encoded(ImageComments="x" * 10_000)
    assert is_plain(received(long_data))
    with pytest.raises(NotPlain):
        plain_header(long_data[:9_000], ExplicitVRLittleEndian, frozenset(), is_whole=False)
