"""Texts of a data set: the short way and the library's own say the same."""

from __future__ import annotations

import struct
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset

from producers.dicom.associations.libraries import configure_libraries
from producers.dicom.elements import text_of

PLACES = {
    "PatientName": (0x0010, 0x0010, b"PN"),
    "PatientID": (0x0010, 0x0020, b"LO"),
    "Modality": (0x0008, 0x0060, b"CS"),
    "StudyDate": (0x0008, 0x0020, b"DA"),
    "StudyTime": (0x0008, 0x0030, b"TM"),
    "StudyInstanceUID": (0x0020, 0x000D, b"UI"),
    "StudyID": (0x0020, 0x0010, b"SH"),
}
values = st.binary(max_size=20) | st.from_regex(rb"[ A-Z^=\\0-9.\x00\x1b]{0,16}", fullmatch=True)


def data_set(keyword: str, value: bytes, *, is_implicit: bool) -> Dataset:
    """Read from its bytes, with a character set before it."""
    group, element, vr = PLACES[keyword]
    charset = b"ISO_IR 100"
    if is_implicit:
        head = struct.pack("<HHL", 8, 5, len(charset)) + charset
        encoded = head + struct.pack("<HHL", group, element, len(value)) + value
    else:
        head = struct.pack("<HH2sH", 8, 5, b"CS", len(charset)) + charset
        encoded = head + struct.pack("<HH2sH", group, element, vr, len(value)) + value
    return read_dataset(BytesIO(encoded), is_implicit_VR=is_implicit, is_little_endian=True)


@pytest.mark.filterwarnings("ignore::UserWarning")
@given(keyword=st.sampled_from(sorted(PLACES)), value=values, is_implicit=st.booleans())
def test_a_text_is_what_the_library_reads(keyword: str, value: bytes, is_implicit: bool) -> None:
    configure_libraries()
    try:
        read = data_set(keyword, value, is_implicit=is_implicit).get(keyword)
    except Exception:  # noqa: BLE001 - what the library cannot read has no text to compare
        return
    expected = None if read is None else str(read).strip("\x00 ") or None
    assert text_of(data_set(keyword, value, is_implicit=is_implicit), keyword) == expected


def test_what_is_not_there_has_no_text() -> None:
    assert text_of(Dataset(), "PatientID") is None
