"""The images of a simulated exam: pixels of pydicom's own test files under the exam's identity. Pure but
for reading those files, which are installed with pydicom and pydicom-data; nothing is downloaded.
"""

from __future__ import annotations

import copy
from array import array
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

from pydicom import DataElement, Dataset, FileMetaDataset, dcmread
from pydicom.data import get_testdata_file
from pydicom.uid import ExplicitVRLittleEndian

from producers.simulator.exam import SimulatedExam, Step


class NoTestImage(Exception):
    """A test file that the images are made from is not installed."""


@dataclass(frozen=True, slots=True)
class _Source:
    """A test file; of its rows and columns every `stride`-th is taken."""

    name: str
    stride: int = 1


_SMALL = {
    "CT": _Source("CT_small.dcm"),
    "MR": _Source("MR_small.dcm"),
    "CR": _Source("RG3_UNCR.dcm", stride=8),
    "US": _Source("examples_rgb_color.dcm"),
}
_FULL = {
    "CT": _Source("693_UNCR.dcm"),
    "MR": _Source("MR2_UNCR.dcm"),
    "CR": _Source("RG3_UNCR.dcm"),
    "US": _Source("US1_UNCR.dcm"),
}
# What describes the picture itself; all else in a test file is of another patient, study and device.
_PICTURE_KEYWORDS = (
    "SOPClassUID ImageType SamplesPerPixel PhotometricInterpretation PlanarConfiguration Rows Columns "
    "PixelSpacing BitsAllocated BitsStored HighBit PixelRepresentation PixelPaddingValue WindowCenter "
    "WindowWidth RescaleIntercept RescaleSlope SliceThickness SpacingBetweenSlices KVP ScanningSequence "
    "SequenceVariant ScanOptions MRAcquisitionType RepetitionTime EchoTime EchoTrainLength PatientPosition "
    "ImagePositionPatient ImageOrientationPatient ViewPosition PixelData"
)
# Its test file has a device's texts in its pixels.
_ANNOTATED = frozenset({"US"})
_KEYWORDS = tuple(_PICTURE_KEYWORDS.split())


def images_of(exam: SimulatedExam, *, is_full_size: bool = False) -> list[Dataset]:
    """All images of `exam`, as valid Part 10 data sets with file meta information.

    Raises NoTestImage.
    """
    picture = _picture((_FULL if is_full_size else _SMALL).get(exam.modality, _SMALL["CR"]))
    return [_image(exam, number, picture) for number in range(len(exam.instance_uids))]


def sop_classes() -> tuple[str, ...]:
    """The SOP classes that any exam's images may have. Raises NoTestImage."""
    return tuple(sorted({str(_picture(source).SOPClassUID) for source in _SMALL.values()}))


@cache
def _picture(source: _Source) -> Dataset:
    path = get_testdata_file(source.name, download=False)
    if not isinstance(path, str) or not Path(path).is_file():
        raise NoTestImage(f"{source.name} is not installed: install the package pydicom-data")
    whole = dcmread(path)
    picture = Dataset()
    for keyword in _KEYWORDS:
        if keyword in whole:
            picture.add(whole[keyword])
    return _thinned(picture, source.stride) if source.stride > 1 else picture


def _thinned(picture: Dataset, stride: int) -> Dataset:
    """Every `stride`-th row and column of a 16-bit picture of one sample."""
    rows, columns = int(picture.Rows), int(picture.Columns)
    pixels = array("H", picture.PixelData)
    kept = array("H")
    for row in range(0, rows, stride):
        kept.extend(pixels[row * columns : (row + 1) * columns : stride])
    thinned = copy.copy(picture)
    thinned.Rows, thinned.Columns = len(range(0, rows, stride)), len(range(0, columns, stride))
    thinned.PixelData = kept.tobytes()
    return thinned


def _image(exam: SimulatedExam, number: int, picture: Dataset) -> Dataset:
    image = Dataset()
    image.update({element.tag: _own(element) for element in picture})
    _identify(image, exam, number)
    _date(image, exam)
    if "ImagePositionPatient" in image:
        x, y, z = image.ImagePositionPatient
        image.ImagePositionPatient = [x, y, float(z) + 5.0 * number]
        image.FrameOfReferenceUID = exam.frame_of_reference_uid
        image.PositionReferenceIndicator = ""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = image.SOPClassUID
    meta.MediaStorageSOPInstanceUID = image.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    image.file_meta = meta
    return image


def _own(element: DataElement) -> DataElement:
    """The element itself where its value is never changed: the pixels are shared by all images."""
    return element if element.keyword == "PixelData" else copy.copy(element)


def _identify(image: Dataset, exam: SimulatedExam, number: int) -> None:
    patient = exam.patient
    image.SpecificCharacterSet = "ISO_IR 192"
    image.PatientName = f"{patient.family_name}^{patient.given_name}"
    image.PatientID = patient.mrn
    image.PatientBirthDate = patient.birth_date.strftime("%Y%m%d")
    image.PatientSex = patient.sex
    image.AccessionNumber = exam.accession_number
    image.StudyInstanceUID = exam.study_uid
    image.SeriesInstanceUID = exam.series_uid
    image.SOPInstanceUID = exam.instance_uids[number]
    image.StudyID = exam.accession_number
    image.SeriesNumber = 1
    image.InstanceNumber = number + 1
    image.Modality = exam.modality
    image.StudyDescription = exam.procedure.name
    image.SeriesDescription = exam.procedure.name
    image.BodyPartExamined = exam.procedure.body_part
    image.InstitutionName = exam.site
    image.StationName = exam.scanner
    image.Manufacturer = "Simulated"
    image.BurnedInAnnotation = "YES" if exam.modality in _ANNOTATED else "NO"
    referrer = exam.referrer
    image.ReferringPhysicianName = f"{referrer.family_name}^{referrer.given_name}"


def _date(image: Dataset, exam: SimulatedExam) -> None:
    started_at = exam.at(Step.STARTED) or exam.begins_at
    for what in ("Study", "Series", "Acquisition", "Content", "InstanceCreation"):
        setattr(image, f"{what}Date", started_at.strftime("%Y%m%d"))
        setattr(image, f"{what}Time", started_at.strftime("%H%M%S"))
    image.TimezoneOffsetFromUTC = _offset(started_at)


def _offset(at: datetime) -> str:
    """&ZZXX as DICOM PS3.3 C.12.1.1.8 writes it."""
    return at.strftime("%z")[:5]
