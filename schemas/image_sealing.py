"""Sealing images for the object store, under the data key of whom they show.

`schemas/image_format.py` has the format. Every room that writes images does it through here.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from typing import BinaryIO

from schemas.image_format import SEGMENT_POWERS, Cipher, Header, fingerprint
from schemas.phi import KeyRing

SEGMENT_BYTES = 1 << 18


def image_subject(patient_key: str | None, study_instance_uid: str) -> str:
    """Whose data key seals an image: the patient's, or the study's own where no patient is named."""
    return patient_key if patient_key is not None else f"study|{study_instance_uid}"


def seal_image(
    ring: KeyRing,
    subject: str,
    sop_instance_uid: str,
    content: bytes | memoryview,
    *,
    segment_bytes: int = SEGMENT_BYTES,
    sha256: bytes | None = None,
) -> Iterator[bytes]:
    """The object in pieces: its header, then each segment. sha256: of the content, where it is known.

    `content` is read twice and must not change meanwhile; a mapped file is never in memory as a whole.
    May raise KeyRingUnusable, before the first piece.
    """
    _check_segments(segment_bytes)
    key_id, key = ring.current_key(subject)
    view = memoryview(content)
    mark = fingerprint(key, sop_instance_uid, sha256 or hashlib.sha256(view).digest())
    header = Header(segment_bytes, len(view), mark, key_id)
    return _sealed(header, Cipher(header, key, sop_instance_uid), view)


def seal_stream(
    ring: KeyRing,
    subject: str,
    sop_instance_uid: str,
    stream: BinaryIO,
    *,
    segment_bytes: int = SEGMENT_BYTES,
    sha256: bytes | None = None,
) -> Iterator[bytes]:
    """The same object as `seal_image` makes, of a seekable stream; two segments of it are in memory at most.

    sha256: of all that it gives, where that is known: then it is read once.
    May raise KeyRingUnusable, before the first piece; OSError where the stream does.
    """
    _check_segments(segment_bytes)
    key_id, key = ring.current_key(subject)
    known = sha256 or _digest_of(stream, segment_bytes)
    size_bytes = stream.seek(0, io.SEEK_END)
    header = Header(segment_bytes, size_bytes, fingerprint(key, sop_instance_uid, known), key_id)
    stream.seek(0)
    return _sealed_stream(header, Cipher(header, key, sop_instance_uid), stream)


def _sealed(header: Header, cipher: Cipher, view: memoryview) -> Iterator[bytes]:
    yield header.encoded
    for number in range(header.segment_count):
        start = number * header.segment_bytes
        yield cipher.seal(number, view[start : start + header.segment_bytes])


def _sealed_stream(header: Header, cipher: Cipher, stream: BinaryIO) -> Iterator[bytes]:
    yield header.encoded
    for number in range(header.segment_count):
        piece = stream.read(min(header.segment_bytes, header.size_bytes - number * header.segment_bytes))
        yield cipher.seal(number, memoryview(piece))


def _digest_of(stream: BinaryIO, piece_bytes: int) -> bytes:
    digest = hashlib.sha256()
    stream.seek(0)
    while piece := stream.read(piece_bytes):
        digest.update(piece)
    return digest.digest()


def _check_segments(segment_bytes: int) -> None:
    if segment_bytes.bit_count() != 1 or segment_bytes.bit_length() - 1 not in SEGMENT_POWERS:
        raise ValueError(f"segments of {segment_bytes} bytes: a power of two from 4 KiB to 16 MiB is needed")
