"""Real DICOM files of pydicom's packages under new UIDs, their pixels as they are."""

from __future__ import annotations

import importlib.metadata
import warnings
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from uuid import uuid4

from pydicom import dcmread
from pydicom.errors import InvalidDicomError
from pydicom.uid import UID, generate_uid
from pynetdicom import AllStoragePresentationContexts

STORAGE_CLASSES = {context.abstract_syntax for context in AllStoragePresentationContexts}
# Broken on purpose: an undefined length that never ends, and data sets that break off.
_BROKEN = frozenset({"bad_sequence.dcm", "emri_small_jpeg_2k_lossless_too_short.dcm", "SC_rgb_jpeg.dcm"})


@dataclass(frozen=True, slots=True)
class Made:
    """A file that was written, and what it is."""

    path: Path
    study: str
    series: str
    instance: str
    patient: str
    transfer_syntax: str
    sop_class: str


@cache
def by_transfer_syntax() -> dict[str, Path]:
    """The smallest file in each transfer syntax."""
    found: dict[str, Path] = {}
    for path in sorted(_packaged(), key=lambda path: path.stat().st_size):
        with warnings.catch_warnings(), suppress(InvalidDicomError, AttributeError, ValueError):
            warnings.simplefilter("ignore")
            header = dcmread(path, stop_before_pixels=True)
            if header.SOPClassUID in STORAGE_CLASSES and path.name not in _BROKEN:
                found.setdefault(str(header.file_meta.TransferSyntaxUID), path)
    return found


def _packaged() -> Iterator[Path]:
    """pydicom's own search would ask the network for more."""
    for package in ("pydicom", "pydicom-data"):
        for file in importlib.metadata.files(package) or []:
            if file.suffix == ".dcm":
                yield Path(str(file.locate()))


def write(original: Path, target: Path, *, study: str = "", series: str = "", patient: str = "") -> Made:
    """The image as another one, of these or new UIDs, and of this or a new patient."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data_set = dcmread(original)
        data_set.StudyInstanceUID = UID(study or generate_uid())
        data_set.SeriesInstanceUID = UID(series or generate_uid())
        data_set.SOPInstanceUID = data_set.file_meta.MediaStorageSOPInstanceUID = UID(generate_uid())
        data_set.PatientID = patient or f"I{uuid4().hex[:10]}"
        if "IssuerOfPatientID" in data_set:
            del data_set.IssuerOfPatientID
        data_set.AccessionNumber = f"A{uuid4().hex[:10]}"
        data_set.save_as(target)
    return Made(
        target,
        str(data_set.StudyInstanceUID),
        str(data_set.SeriesInstanceUID),
        str(data_set.SOPInstanceUID),
        str(data_set.PatientID),
        str(data_set.file_meta.TransferSyntaxUID),
        str(data_set.SOPClassUID),
    )
