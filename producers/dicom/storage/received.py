"""What a C-STORE request brings, the DICOM file that it becomes (DICOM PS3.10 section 7.1), sealed."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from pydicom.uid import UID

from producers.dicom.storage.content import Content, MemoryContent, whole
from producers.dicom.storage.joined_content import ChainedContent, TailContent
from schemas.image_sealing import seal_image, seal_stream
from schemas.phi import KeyRing

# Ours, fixed: were it the library's, its next version would turn every image sent again into another one.
IMPLEMENTATION_CLASS_UID = UID("2.25.92159555385701564022762800076940599973")
IMPLEMENTATION_VERSION_NAME = "RADSTREAM"
_PREAMBLE = b"\x00" * 128 + b"DICM"
_FILE_META_VERSION = struct.pack("<HH2sxxL", 2, 1, b"OB", 2) + b"\x00\x01"
# Up to here an image is sealed from one piece of memory, which takes fewer steps.
_SMALL_BYTES = 4 * 2**20


@dataclass(frozen=True, slots=True)
class ReceivedFile:
    """A DICOM file whose head was made before its data set came: `head_bytes` long. sha256: of all of it."""

    content: Content
    head_bytes: int
    sha256: bytes

    @property
    def data_set(self) -> Content:
        """Without the head."""
        return TailContent(self.content, self.head_bytes)


@dataclass(frozen=True, slots=True)
class Received:
    """The command's UIDs, the sender, and the data set as it came, in `transfer_syntax_uid`.

    file: where the data set was received behind the head of its file.
    """

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    calling_ae_title: str
    content: Content
    file: ReceivedFile | None = None


@dataclass(frozen=True, slots=True)
class SealedFile:
    """A DICOM file as the object store has it, and the SHA-256 of that, in hexadecimal digits."""

    content: bytes
    sha256: str


def dicom_file(received: Received) -> Content:
    """The same data set gives the same bytes, whoever sends it. Copies nothing: closing it closes both."""
    if received.file is not None:
        return received.file.content
    head = file_head(received.sop_class_uid, received.sop_instance_uid, received.transfer_syntax_uid)
    return ChainedContent((MemoryContent(head), received.content))


def file_head(sop_class_uid: str, sop_instance_uid: str, transfer_syntax_uid: str) -> bytes:
    """What stands in the file before the data set."""
    elements = b"".join(
        (
            _FILE_META_VERSION,
            _element(0x0002, b"UI", sop_class_uid),
            _element(0x0003, b"UI", sop_instance_uid),
            _element(0x0010, b"UI", transfer_syntax_uid),
            _element(0x0012, b"UI", IMPLEMENTATION_CLASS_UID),
            _element(0x0013, b"SH", IMPLEMENTATION_VERSION_NAME),
        )
    )
    return b"".join((_PREAMBLE, struct.pack("<HH2sHL", 2, 0, b"UL", 4, len(elements)), elements))


def _element(number: int, vr: bytes, text: str) -> bytes:
    """Of group 0002: explicit VR little endian, padded to an even length (PS3.5 section 6.2)."""
    value = text.encode("ascii", "replace")
    if len(value) % 2:
        value += b"\x00" if vr == b"UI" else b" "
    return struct.pack("<HH2sH", 2, number, vr, len(value)) + value


def sealed_pieces(
    ring: KeyRing, subject: str, sop_instance_uid: str, file: Content, sha256: bytes | None = None
) -> Iterator[bytes]:
    """The sealed object in pieces, whatever its size. sha256: the file's, else it is read twice.

    The same file under the same key gives the same bytes. Raises KeyRingUnusable, and OSError where a large
    file cannot be read back.
    """
    if file.size_bytes <= _SMALL_BYTES:
        yield from seal_image(ring, subject, sop_instance_uid, whole(file), sha256=sha256)
        return
    with file.open() as stream:
        yield from seal_stream(ring, subject, sop_instance_uid, stream, sha256=sha256)


def sealed_file(ring: KeyRing, subject: str, sop_instance_uid: str, file: Content) -> SealedFile:
    """The sealed object in memory. Raises as `sealed_pieces` does."""
    content = b"".join(sealed_pieces(ring, subject, sop_instance_uid, file))
    return SealedFile(content, hashlib.sha256(content).hexdigest())
