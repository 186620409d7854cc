"""Deflated data sets (DICOM PS3.5 section A.5) in bounded memory: a few MB may inflate to terabytes."""

from __future__ import annotations

import io
import zlib
from typing import BinaryIO

from producers.dicom.storage.refusals import CannotUnderstand

# What stands before the pixels of an image is far shorter.
HEAD_BYTES = 8 * 2**20
# The longest image that there is reason to deflate; what inflates to more is refused.
LIMIT_BYTES = 2**30
_READ_BYTES = 2**16
_STEP_BYTES = 2**20


def inflated_head(stream: BinaryIO, limit_bytes: int = LIMIT_BYTES) -> io.BytesIO:
    """The first HEAD_BYTES of what `stream` inflates to; the rest is inflated too, and let go of.

    Raises CannotUnderstand where it is no deflate stream, breaks off, or inflates to more than `limit_bytes`.
    """
    head, total = io.BytesIO(), 0
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    pending, piece = b"", b""
    try:
        while not inflater.eof:
            if not pending and len(piece) < _STEP_BYTES:  # a full step may have left more of it inside
                pending = stream.read(_READ_BYTES)
                if not pending:
                    raise CannotUnderstand("the deflated data set breaks off")
            piece = inflater.decompress(pending, _STEP_BYTES)
            pending = inflater.unconsumed_tail
            total += len(piece)
            if total > limit_bytes:
                raise CannotUnderstand(f"the data set inflates to more than {limit_bytes >> 20} MiB")
            head.write(piece[: max(HEAD_BYTES - head.tell(), 0)])
    except zlib.error:
        raise CannotUnderstand("the data set is not deflated as it should be") from None
    head.seek(0)
    return head
