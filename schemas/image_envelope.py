"""Opening images that `image_sealing` sealed, under the data key of whom they show.

`schemas/image_format.py` has the format. Every room that reads images does it through here.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterator
from typing import BinaryIO

from schemas.errors import TruncatedRecord, WrongKey
from schemas.image_format import HEADER_LIMIT_BYTES, Cipher, Header, fingerprint, read_header
from schemas.phi import KeyRing

Fetch = Callable[[int, int], bytes]
"""Bytes of the object: offset and length; fewer only where the object ends."""

# The header with any key id that a ring gives for a patient, and more.
_FIRST_FETCH_BYTES = 512


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


def _fetched_header(fetch: Fetch) -> Header:
    beginning = fetch(0, _FIRST_FETCH_BYTES)
    try:
        return read_header(beginning)
    except TruncatedRecord:
        if len(beginning) < _FIRST_FETCH_BYTES:
            raise
        return read_header(fetch(0, HEADER_LIMIT_BYTES))
