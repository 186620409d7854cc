"""A CT slice as a scanner sends it, and what de-identifying and putting it together again costs."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Callable

from pydicom import Dataset, dcmread
from pydicom.data import get_testdata_file
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from producers.dicom.storage.content import MemoryContent
from producers.dicom.storage.received import Received
from schemas.phi import KeyRing, open_bytes, seal_bytes

PATIENT = "ab" * 32
_SLICE_SIDE = 512
# PS3.15 table E.1-1 is much longer; these are what every header has, so the alternative is flattered.
_IDENTIFYING = (
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "PatientAge",
    "OtherPatientIDs",
    "PatientAddress",
    "ReferringPhysicianName",
    "InstitutionName",
    "AdditionalPatientHistory",
)


def ct_slice() -> Received:
    """A CT slice of 512 x 512 with 16 bits, of noise, as a C-STORE brings it."""
    data_set = dcmread(str(get_testdata_file("CT_small.dcm")))
    data_set.Rows = data_set.Columns = _SLICE_SIDE
    data_set.PixelData = os.urandom(_SLICE_SIDE * _SLICE_SIDE * 2)
    data_set.SOPInstanceUID = generate_uid()
    out = io.BytesIO()
    written = Dataset({tag: element for tag, element in data_set.items() if tag.group > 2})
    written.save_as(out, implicit_vr=False, little_endian=True, enforce_file_format=False)
    return Received(
        sop_class_uid=str(data_set.SOPClassUID),
        sop_instance_uid=str(data_set.SOPInstanceUID),
        transfer_syntax_uid=str(ExplicitVRLittleEndian),
        calling_ae_title="CT01",
        content=MemoryContent(out.getvalue()),
    )


def deidentified(ring: KeyRing, uid: str, content: bytes) -> Callable[[], object]:
    """A call that takes the header out, seals it, and writes the rest in clear, with its SHA-256."""

    def call() -> object:
        data_set = dcmread(io.BytesIO(content))
        header = Dataset({element.tag: element for element in map(data_set.get, _present(data_set))})
        for keyword in _IDENTIFYING:
            if keyword in data_set:
                del data_set[keyword]
        data_set.remove_private_tags()
        sealed = seal_bytes(ring, PATIENT, uid, header.to_json().encode())
        out = io.BytesIO()
        data_set.save_as(out)
        return sealed, hashlib.sha256(out.getvalue()).hexdigest()

    def _present(data_set: Dataset) -> list[int]:
        return [data_set[keyword].tag for keyword in _IDENTIFYING if keyword in data_set]

    return call


def put_together(ring: KeyRing, uid: str, content: bytes) -> Callable[[], object]:
    """A call that opens the sealed header and writes the file with it."""
    data_set = dcmread(io.BytesIO(content))
    kept = Dataset({data_set[k].tag: data_set[k] for k in _IDENTIFYING if k in data_set})
    sealed = seal_bytes(ring, PATIENT, uid, kept.to_json().encode())

    def call() -> object:
        whole = dcmread(io.BytesIO(content))
        whole.update(Dataset.from_json(open_bytes(ring, uid, sealed).decode()))
        out = io.BytesIO()
        whole.save_as(out)
        return out.getvalue()

    return call
