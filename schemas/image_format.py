"""The format of a sealed image: pure, without a key ring.

    header    8 bytes  b"RADSIMG" and the version, 1
              1 byte   n: a segment has 2**n bytes of plaintext, the last one what is left
              8 bytes  length of the plaintext
             32 bytes  fingerprint of the plaintext
              2 bytes  length of the key id
              n bytes  key id
    segments  each its ciphertext and the 16 bytes of its tag

Integers are big-endian. Each segment is AES-256-GCM (NIST SP 800-38D) with its number and whether it is the
last in the nonce, as in STREAM (Hoang, Reyhanitabar, Rogaway, Vizár: Online Authenticated-Encryption and its
Nonce-Reuse Misuse-Resistance, 2015): a segment that is missing, moved or cut does not open, and each opens
alone. Header and SOP Instance UID are the associated data.

The key of the segments is derived (HKDF-Expand, RFC 5869) from the data key, the header and the SOP Instance
UID, and the header has the fingerprint: HMAC-SHA256 over UID and SHA-256 of the plaintext, keyed from that
key. So no nonce is used twice for different content, and the same image under the same data key is the same
object, to the byte: whether an image is known can be asked without opening it, yet nobody without the key can
confirm a guess.
"""

from __future__ import annotations

import hmac
import struct
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from schemas.errors import NotAnImage, TruncatedRecord, WrongKey

SEGMENT_POWERS = range(12, 25)
_MAGIC = b"RADSIMG\x01"
_FIXED = struct.Struct(">8sBQ32sH")
_TAG_BYTES = 16
_KEY_ID_LIMIT = 1024
HEADER_LIMIT_BYTES = _FIXED.size + _KEY_ID_LIMIT


@dataclass(frozen=True, slots=True)
class Header:
    """What stands before the segments. `segment_bytes` and `size_bytes` are of the plaintext."""

    segment_bytes: int
    size_bytes: int
    fingerprint: bytes
    key_id: str

    @property
    def encoded(self) -> bytes:
        """As it stands in the object."""
        name = self.key_id.encode()
        power = self.segment_bytes.bit_length() - 1
        return _FIXED.pack(_MAGIC, power, self.size_bytes, self.fingerprint, len(name)) + name

    @property
    def segment_count(self) -> int:
        """At least one: an empty image has an empty segment."""
        return max(1, -(-self.size_bytes // self.segment_bytes))

    @property
    def object_bytes(self) -> int:
        """Size of the whole object."""
        return len(self.encoded) + self.size_bytes + self.segment_count * _TAG_BYTES

    def place(self, segment: int) -> tuple[int, int]:
        """Offset and length of a segment in the object, with its tag."""
        start = segment * self.segment_bytes
        length = min(self.segment_bytes, self.size_bytes - start) + _TAG_BYTES
        return len(self.encoded) + start + segment * _TAG_BYTES, length


def read_header(beginning: bytes) -> Header:
    """The header at the beginning of an object. Raises NotAnImage or TruncatedRecord."""
    if beginning[: len(_MAGIC)] != _MAGIC[: len(beginning)]:
        raise NotAnImage("the object does not begin as a sealed image of version 1 does")
    if len(beginning) < _FIXED.size:
        raise TruncatedRecord("the object ends within the header of a sealed image")
    _, power, size_bytes, mark, name_bytes = _FIXED.unpack_from(beginning)
    if power not in SEGMENT_POWERS or name_bytes > _KEY_ID_LIMIT:
        raise NotAnImage("the header of the sealed image has lengths that none has")
    name = beginning[_FIXED.size : _FIXED.size + name_bytes]
    if len(name) < name_bytes:
        raise TruncatedRecord("the object ends within the header of a sealed image")
    try:
        return Header(1 << power, size_bytes, mark, name.decode())
    except UnicodeDecodeError:
        raise NotAnImage("the key id of the sealed image is no text") from None


class Cipher:
    """Seals and opens the segments of one object."""

    def __init__(self, header: Header, key: bytes, sop_instance_uid: str) -> None:
        self._bound = header.encoded + sop_instance_uid.encode()
        self._aead = AESGCM(_derived(key, b"segments", self._bound))
        self._last = header.segment_count - 1
        self._name = f"image {sop_instance_uid}"
        self._key_id = header.key_id

    def seal(self, number: int, plaintext: memoryview) -> bytes:
        """Ciphertext and tag of a segment."""
        return self._aead.encrypt(self._nonce(number), plaintext, self._bound)

    def open(self, number: int, sealed: bytes) -> bytes:
        """The plaintext of a segment. Raises WrongKey."""
        try:
            return self._aead.decrypt(self._nonce(number), sealed, self._bound)
        except InvalidTag:
            raise WrongKey(f"segment {number} of {self._name} does not open with {self._key_id}") from None

    def _nonce(self, number: int) -> bytes:
        return struct.pack(">3xQB", number, number == self._last)


def fingerprint(key: bytes, sop_instance_uid: str, sha256: bytes) -> bytes:
    """What tells an image from another, for who has the data key: of UID and SHA-256 of the plaintext."""
    return hmac.digest(_derived(key, b"fingerprint", b""), sha256 + sop_instance_uid.encode(), "sha256")


def _derived(key: bytes, purpose: bytes, bound: bytes) -> bytes:
    """HKDF-Expand to the length of one hash (RFC 5869 section 2.3): its first block, T(1)."""
    return hmac.digest(key, b"radstream image 1 " + purpose + b"\0" + bound + b"\x01", "sha256")
