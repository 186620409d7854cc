"""Sealing images for the object store and opening them again, under the data key of whom they show.

`schemas/image_format.py` has the format. Every room that writes or reads images does it through here.
"""

from __future__ import annotations

import hashlib
import hmac
import io
from collections.abc import Callable, Iterator
from typing import BinaryIO

from schemas.errors import TruncatedRecord, WrongKey
from schemas.image_format import HEADER_LIMIT_BYTES, SEGMENT_POWERS, Cipher, Header, fingerprint, read_header
from schemas.phi import KeyRing

Fetch = Callable[[int, int], bytes]
"""Bytes of the object: offset and length; fewer only where the object ends."""

SEGMENT_BYTES = 1 << 18
# The header with any key id that a ring gives for a patient, and more.
_FIRST_FETCH_BYTES = 512


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


def sealed_sha256(ring: KeyRing, sop_instance_uid: str, fetch: Fetch, object_bytes: int) -> str:
    """The SHA-256 of an object of which every byte is as it was sealed, in hexadecimal digits.

    Raises NotAnImage, TruncatedRecord, WrongKey, KeyNotFound, KeyDestroyed or KeyRingUnusable.
    """
    image = SealedImage(ring, sop_instance_uid, fetch)
    if image.header.object_bytes != object_bytes:
        raise TruncatedRecord(f"{object_bytes} bytes, {image.header.object_bytes} were sealed")
    digest = hashlib.sha256(image.header.encoded)
    for number in range(image.header.segment_count):
        digest.update(image.checked(number))
    return digest.hexdigest()


class SealedImage:
    """A sealed image, opened segment by segment from wherever `fetch` reads; at most one is in memory."""

    def __init__(self, ring: KeyRing, sop_instance_uid: str, fetch: Fetch) -> None:
        """Raises NotAnImage, TruncatedRecord, KeyNotFound, KeyDestroyed or KeyRingUnusable."""
        self.header = _fetched_header(fetch)
        self._fetch = fetch
        self._uid = sop_instance_uid
        self._key = ring.key(self.header.key_id)
        self._cipher = Cipher(self.header, self._key, sop_instance_uid)

    def segment(self, number: int) -> bytes:
        """The plaintext of one segment. Raises IndexError, TruncatedRecord or WrongKey."""
        return self._cipher.open(number, self._sealed(number))

    def checked(self, number: int) -> bytes:
        """One segment as it is sealed, which was opened once. Raises as `segment` does."""
        sealed = self._sealed(number)
        self._cipher.open(number, sealed)
        return sealed

    def _sealed(self, number: int) -> bytes:
        if not 0 <= number < self.header.segment_count:
            raise IndexError(f"segment {number} of {self.header.segment_count}")
        offset, length = self.header.place(number)
        sealed = self._fetch(offset, length)
        if len(sealed) != length:
            raise TruncatedRecord(f"image {self._uid} ends within segment {number}")
        return sealed

    def read(self, offset: int, length: int) -> bytes:
        """Plaintext from `offset` on, as far as there is. Opens only the segments that have it."""
        end = min(offset + length, self.header.size_bytes)
        if offset < 0 or offset >= end:
            return b""
        size = self.header.segment_bytes
        first = offset // size
        opened = b"".join(self.segment(number) for number in range(first, (end - 1) // size + 1))
        return opened[offset - first * size : end - first * size]

    def segments(self) -> Iterator[bytes]:
        """The whole plaintext, piece by piece; each piece is authentic.

        Raises WrongKey at the end where all together are not what was sealed, TruncatedRecord where more
        follows in the object than was sealed.
        """
        digest = hashlib.sha256()
        for number in range(self.header.segment_count):
            piece = self.segment(number)
            digest.update(piece)
            yield piece
        if self._fetch(self.header.object_bytes, 1):
            raise TruncatedRecord(f"image {self._uid} does not end with its last segment")
        if not hmac.compare_digest(
            fingerprint(self._key, self._uid, digest.digest()), self.header.fingerprint
        ):
            raise WrongKey(f"image {self._uid} is not what was sealed with {self.header.key_id}")


def open_image(ring: KeyRing, sop_instance_uid: str, sealed: bytes) -> bytes:
    """The whole plaintext of an object in memory. Raises as SealedImage does."""
    view = memoryview(sealed)
    image = SealedImage(ring, sop_instance_uid, lambda offset, length: bytes(view[offset : offset + length]))
    return b"".join(image.segments())


def open_stream(ring: KeyRing, sop_instance_uid: str, stream: BinaryIO) -> Iterator[bytes]:
    """The plaintext of an object that is read once, from its beginning. Raises as SealedImage does."""
    return SealedImage(ring, sop_instance_uid, _Forward(stream).fetch).segments()


class _Forward:
    """Fetches from a stream that only goes on: what was read for the header is kept until it was fetched."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._kept = b""
        self._at = 0

    def fetch(self, offset: int, length: int) -> bytes:
        skipped = offset - self._at
        wanted = skipped + length
        while len(self._kept) < wanted and (more := self._stream.read(wanted - len(self._kept))):
            self._kept += more
        found = self._kept[skipped:wanted]
        if offset or self._at:  # the header is asked for first, and its end is the first segment's beginning
            self._kept, self._at = self._kept[wanted:], offset + len(found)
        return found


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


def _fetched_header(fetch: Fetch) -> Header:
    beginning = fetch(0, _FIRST_FETCH_BYTES)
    try:
        return read_header(beginning)
    except TruncatedRecord:
        if len(beginning) < _FIRST_FETCH_BYTES:
            raise
        return read_header(fetch(0, HEADER_LIMIT_BYTES))
