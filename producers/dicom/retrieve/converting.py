"""Images in another transfer syntax than they are stored in: uncompressed, where the setting allows it."""

from __future__ import annotations

from io import BytesIO

from pydicom import dcmread
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import UID, ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom.dsutils import encode

# What is converted is in memory, several times.
MAXIMUM_BYTES = 256 * 1024 * 1024
_TARGETS = (ExplicitVRLittleEndian, ImplicitVRLittleEndian)


class CannotConvert(Exception):
    """The pixels cannot be decoded, or the image is too large."""


def targets_of(transfer_syntax_uid: str) -> tuple[str, ...]:
    """What an image in this transfer syntax can be turned into here, the best first."""
    syntax = UID(transfer_syntax_uid)
    if syntax == ExplicitVRBigEndian:
        return ()  # its pixels would have to be swapped
    if syntax.is_encapsulated:
        try:
            if not get_decoder(syntax).is_available:
                return ()
        except NotImplementedError:
            return ()
    return tuple(target for target in _TARGETS if target != syntax)


def converted(file: bytes, target: str) -> bytes:
    """The data set of a DICOM file in the transfer syntax `target`, of `targets_of`. Raises CannotConvert."""
    if len(file) > MAXIMUM_BYTES:
        raise CannotConvert("too large to convert")
    syntax = UID(target)
    try:
        image = dcmread(BytesIO(file))
        if image.file_meta.TransferSyntaxUID.is_encapsulated:
            # It stays the same image, with the same UID: its pixels are as they were.
            image.decompress(generate_instance_uid=False)
        content = encode(image, syntax.is_implicit_VR, syntax.is_little_endian, syntax.is_deflated)
    except Exception as error:  # noqa: BLE001 - whatever the decoder does not like, it is not converted
        raise CannotConvert(f"cannot be decompressed: {type(error).__name__}") from None
    if content is None:
        raise CannotConvert("cannot be encoded anew")
    return content
