"""Ed25519 (RFC 8032) over the archive's documents.

A signed document is two lines of JSON: what is said, and who says so. What is signed are the bytes of the
first line behind the kind of the document, so nobody has to agree on how JSON is written, and no document
passes for another.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from sinks.archive.errors import ArchiveBroken

MANIFEST, SEAL, KEY, EXPIRY = "manifest", "seal", "key", "expiry"
PublicKeys = Mapping[str, Ed25519PublicKey]
"""Keys that are trusted, by their ids."""


def key_id(public: bytes) -> str:
    """The id of a public key of 32 bytes: the beginning of its SHA-256."""
    return sha256(public).hexdigest()[:16]


def public_keys(*raw: bytes) -> PublicKeys:
    """Public keys of 32 bytes each, by their ids."""
    return {key_id(one): Ed25519PublicKey.from_public_bytes(one) for one in raw}


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs with one private key."""

    private: Ed25519PrivateKey

    @classmethod
    def of(cls, seed: bytes) -> Signer:
        """The key of a secret of 32 bytes."""
        return cls(Ed25519PrivateKey.from_private_bytes(seed))

    @property
    def public(self) -> bytes:
        """The public key, 32 bytes."""
        return self.private.public_key().public_bytes_raw()

    def signed(self, kind: str, body: Mapping[str, Any]) -> bytes:
        """The document. The same body gives the same bytes."""
        said = orjson.dumps(body)
        signature = self.private.sign(_message(kind, said)).hex()
        return said + b"\n" + _mark(key_id(self.public), signature)


def opened(kind: str, document: bytes, keys: PublicKeys) -> dict[str, Any]:
    """What a document says, once its signature is checked. Raises ArchiveBroken."""
    said, _, rest = document.partition(b"\n")
    try:
        mark = orjson.loads(rest)
        signer, signature = str(mark["key"]), bytes.fromhex(mark["signature"])
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise ArchiveBroken("the document is not signed") from error
    if rest != _mark(signer, signature.hex()):
        raise ArchiveBroken("the signature is not written as it was signed")
    if signer not in keys:
        raise ArchiveBroken(f"signed with the key {signer}, which is not trusted here")
    try:
        keys[signer].verify(signature, _message(kind, said))
    except InvalidSignature as error:
        raise ArchiveBroken("the signature is wrong") from error
    body = orjson.loads(said)
    if not isinstance(body, dict):
        raise ArchiveBroken("the document says nothing")
    return body


def _mark(signer: str, signature: str) -> bytes:
    return orjson.dumps({"key": signer, "signature": signature}) + b"\n"


def _message(kind: str, said: bytes) -> bytes:
    return f"radstream archive {kind} 1\n".encode() + said
