"""What a C-STORE request brings, the DICOM file that it becomes (DICOM PS3.10 section 7.1), sealed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from pydicom.dataset import FileMetaDataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_file_meta_info
from pydicom.uid import UID

from producers.dicom.content import ChainedContent, Content, MemoryContent
from schemas.image_envelope import seal_stream
from schemas.phi import KeyRing

# Ours, fixed: were it the library's, its next version would turn every image sent again into another one.
IMPLEMENTATION_CLASS_UID = UID("2.25.92159555385701564022762800076940599973")
IMPLEMENTATION_VERSION_NAME = "RADSTREAM"
_PREAMBLE = b"\x00" * 128 + b"DICM"


@dataclass(frozen=True, slots=True)
class Received:
    """The command's UIDs, the sender, and the data set as it came, in `transfer_syntax_uid`."""

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    calling_ae_title: str
    content: Content


@dataclass(frozen=True, slots=True)
class SealedFile:
    """A DICOM file as the object store has it, and the SHA-256 of that, in hexadecimal digits."""

    content: bytes
    sha256: str


def dicom_file(received: Received) -> Content:
    """The same data set gives the same bytes, whoever sends it. Copies nothing: closing it closes both."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID(received.sop_class_uid)
    meta.MediaStorageSOPInstanceUID = UID(received.sop_instance_uid)
    meta.TransferSyntaxUID = UID(received.transfer_syntax_uid)
    meta.ImplementationClassUID = IMPLEMENTATION_CLASS_UID
    meta.ImplementationVersionName = IMPLEMENTATION_VERSION_NAME
    out = DicomBytesIO()
    out.write(_PREAMBLE)
    write_file_meta_info(out, meta)
    return ChainedContent((MemoryContent(out.getvalue()), received.content))


def sealed_pieces(ring: KeyRing, subject: str, sop_instance_uid: str, file: Content) -> Iterator[bytes]:
    """The sealed object in pieces, whatever its size: the file is read twice.

    The same file under the same key gives the same bytes. Raises KeyRingUnusable, and OSError where a large
    file cannot be read back.
    """
    with file.open() as stream:
        yield from seal_stream(ring, subject, sop_instance_uid, stream)


def sealed_file(ring: KeyRing, subject: str, sop_instance_uid: str, file: Content) -> SealedFile:
    """The sealed object in memory. Raises as `sealed_pieces` does."""
    content = b"".join(sealed_pieces(ring, subject, sop_instance_uid, file))
    return SealedFile(content, hashlib.sha256(content).hexdigest())
