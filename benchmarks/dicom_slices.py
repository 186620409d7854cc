"""CT slices by the thousand: a real one, with other UIDs, patients and accession numbers in its bytes."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

from pydicom import Dataset, dcmread
from pydicom.data import get_testdata_file
from pydicom.uid import UID

_SLICE = "693_UNCR.dcm"
_SERIES_PER_STUDY = 2
_UID_DIGITS = 39


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What tells one slice from another. UIDs of 44 characters, patient and accession number of 10."""

    study: str
    series: str
    instance: str
    patient: str
    accession: str

    def values(self) -> tuple[bytes, ...]:
        """In the order of `_PLACES`."""
        return tuple(
            text.encode("ascii")
            for text in (self.study, self.series, self.instance, self.patient, self.accession)
        )


_PLACES = Identity(
    study="2.25." + "1" * _UID_DIGITS,
    series="2.25." + "2" * _UID_DIGITS,
    instance="2.25." + "3" * _UID_DIGITS,
    patient="PATIENT___",
    accession="ACCESSION_",
)


class SliceTemplate:
    """A CT slice of 512 x 512 (525 KB), or its upper left corner of `side` x `side`."""

    def __init__(self, side: int = 512) -> None:
        self.content = _template(side)
        self._places = [_offsets(self.content, place) for place in _PLACES.values()]
        self._preamble_bytes = self.content.index(b"DICM") + 4

    def file(self, identity: Identity) -> bytes:
        """The slice as a DICOM file."""
        content = bytearray(self.content)
        for value, offset in self._changes(identity):
            content[offset : offset + len(value)] = value
        return bytes(content)

    def data_set(self, identity: Identity) -> bytes:
        """The slice as a C-STORE carries it: without file meta information."""
        return self.file(identity)[self._data_set_at() :]

    def patch(self, path: Path, identity: Identity) -> None:
        """Make the file of an earlier slice this one. Raises OSError."""
        handle = os.open(path, os.O_WRONLY)
        try:
            for value, offset in self._changes(identity):
                os.pwrite(handle, value, offset)
        finally:
            os.close(handle)

    def _changes(self, identity: Identity) -> Iterator[tuple[bytes, int]]:
        for value, offsets in zip(identity.values(), self._places, strict=True):
            for offset in offsets:
                yield value, offset

    def _data_set_at(self) -> int:
        # (0002,0000), UL, 4 bytes: how long the rest of the group is (PS3.10 section 7.1).
        at = self._preamble_bytes
        return at + 12 + int.from_bytes(self.content[at + 8 : at + 12], "little")


def identities(count: int, random: Random, *, studies: int) -> list[Identity]:
    """`count` new slices, study after study, each of two series."""
    per_study = -(-count // studies)
    per_series = -(-per_study // _SERIES_PER_STUDY)
    made: list[Identity] = []
    while len(made) < count:
        study, number = _uid(random), random.randrange(10**9)
        for _ in range(_SERIES_PER_STUDY):
            series = _uid(random)
            made += [
                Identity(
                    study=study,
                    series=series,
                    instance=_uid(random),
                    patient=f"P{number:09}",
                    accession=f"A{number:09}",
                )
                for _ in range(per_series)
            ]
    return made[:count]


def _uid(random: Random) -> str:
    """Under 2.25 (PS3.5 annex B.2), always of the same length."""
    return f"2.25.{random.randrange(10 ** (_UID_DIGITS - 1), 2 * 10 ** (_UID_DIGITS - 1))}"


def _template(side: int) -> bytes:
    original = dcmread(str(get_testdata_file(_SLICE)))
    # Group lengths were retired with PS3.5 2008; a modality of today writes none.
    data_set = Dataset({tag: element for tag, element in original.items() if tag.element != 0})
    data_set.file_meta = original.file_meta
    data_set.PixelData = b"".join(
        original.PixelData[2 * original.Columns * row : 2 * (original.Columns * row + side)]
        for row in range(side)
    )
    data_set.Rows = data_set.Columns = side
    data_set.StudyInstanceUID, data_set.SeriesInstanceUID = UID(_PLACES.study), UID(_PLACES.series)
    data_set.SOPInstanceUID = data_set.file_meta.MediaStorageSOPInstanceUID = UID(_PLACES.instance)
    data_set.PatientID = data_set.PatientName = _PLACES.patient
    data_set.AccessionNumber = _PLACES.accession
    data_set.StudyDate = data_set.ContentDate = "20260302"
    data_set.StudyTime = data_set.ContentTime = "081500"
    out = io.BytesIO()
    data_set.save_as(out, enforce_file_format=True)
    return out.getvalue()


def _offsets(content: bytes, place: bytes) -> list[int]:
    found, at = [], content.find(place)
    while at >= 0:
        found.append(at)
        at = content.find(place, at + len(place))
    if not found:
        raise ValueError(f"{place!r} is not in the slice")
    return found


_STUDIES = 8


class Slices:
    """Files that are made once, and made other slices before each load."""

    def __init__(self, directory: Path, count: int) -> None:
        self._template = SliceTemplate()
        self._random = Random()  # new UIDs for every run: an archive of an earlier one may know the others
        self.files = [directory / f"{number:05}.dcm" for number in range(count)]
        for file in self.files:
            file.write_bytes(self._template.content)

    def renew(self) -> None:
        """Other UIDs, patients and accession numbers."""
        for file, identity in zip(
            self.files, identities(len(self.files), self._random, studies=_STUDIES), strict=True
        ):
            self._template.patch(file, identity)
        os.sync()  # or the first to be measured pays for it

    @property
    def size_mb(self) -> float:
        """Of all."""
        return sum(file.stat().st_size for file in self.files) / 1e6
