"""The header of a data set: the attributes that are wanted of an image, read without its pixels."""

from __future__ import annotations

from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset
from pydicom.tag import BaseTag, Tag
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ImplicitVRLittleEndian

from producers.dicom.elements import RawElements
from producers.dicom.query.attributes import QUERY_TAGS
from producers.dicom.storage.deflated import inflated_head
from producers.dicom.storage.plain_header import HEAD_BYTES, NotPlain, plain_header
from producers.dicom.storage.received import Received
from producers.dicom.storage.refusals import CannotUnderstand

_TAGS = [
    "SpecificCharacterSet",
    "SOPClassUID",
    "SOPInstanceUID",
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "StudyDate",
    "SeriesDate",
    "AcquisitionDate",
    "ContentDate",
    "AcquisitionDateTime",
    "StudyTime",
    "SeriesTime",
    "AcquisitionTime",
    "ContentTime",
    "TimezoneOffsetFromUTC",
    "AccessionNumber",
    "IssuerOfAccessionNumberSequence",
    "Modality",
    "PatientName",
    "PatientID",
    "IssuerOfPatientID",
    "PatientBirthDate",
    "PatientSex",
    *QUERY_TAGS,
]
_READ: list[BaseTag | int] = [Tag(keyword) for keyword in _TAGS]
_WANTED = frozenset(int(tag) for tag in _READ)
_PIXELS = frozenset(Tag(keyword) for keyword in ("PixelData", "FloatPixelData", "DoubleFloatPixelData"))
_UNDEFINED_LENGTH = 0xFFFFFFFF


def read_plain_header(received: Received) -> RawElements | None:
    """What `read_whole_header` gives, sooner; None where the data set is unusual."""
    with received.content.open() as stream:
        head = stream.read(HEAD_BYTES)
    try:
        is_whole = received.content.size_bytes == len(head)
        return plain_header(head, received.transfer_syntax_uid, _WANTED, is_whole=is_whole)
    except NotPlain:
        return None


def read_whole_header(received: Received) -> Dataset:
    """Raises CannotUnderstand, and whatever a damaged data set provokes in the library."""
    data_set = _header(received)
    check_whole(data_set)
    return data_set


def _header(received: Received) -> Dataset:
    syntax = received.transfer_syntax_uid
    with received.content.open() as stream:
        # Of a deflated one the library would inflate all.
        head = inflated_head(stream) if syntax == DeflatedExplicitVRLittleEndian else stream
        return read_dataset(
            head,
            is_implicit_VR=syntax == ImplicitVRLittleEndian,
            is_little_endian=syntax != ExplicitVRBigEndian,
            stop_when=_is_at_pixels,
            specific_tags=_READ,
        )


def _is_at_pixels(tag: BaseTag, _vr: str | None, _length: int) -> bool:
    return tag in _PIXELS


def check_whole(data_set: Dataset) -> None:
    """Raises CannotUnderstand where the end of the data cuts a value off: the reader takes what there is.

    A UID cut off may be another UID.
    """
    for tag in data_set.keys():  # noqa: SIM118 - iterating the data set itself would convert its elements
        element: object = data_set.get_item(tag)
        if not isinstance(element, RawDataElement) or element.length == _UNDEFINED_LENGTH:
            continue
        if len(element.value or b"") != element.length:
            raise CannotUnderstand("the data set ends within an attribute")
