"""Sealing and opening protected health information: AES-256-GCM under the patient's data key.

NIST SP 800-38D; the associated data is the id of the event that carries it, so that a ciphertext
copied into another event does not open.
"""

from __future__ import annotations

import os
from typing import NamedTuple, Protocol, cast

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from schemas.decoders import decoder
from schemas.encoders import encoder
from schemas.errors import PhiError, WrongKey
from schemas.parts import Phi, SealedPhi

_NONCE_BYTES = 12
_READ_PHI = decoder(Phi.AVRO_NAME, {Phi.AVRO_NAME: Phi})
# A null for each field: what an older writer left out.
_FIELDS_OF_LATER = bytes(len(Phi.__slots__))


class Generations(NamedTuple):
    """How many keys of a subject there are, and how many there were and are destroyed."""

    living: int
    destroyed: int


class KeyRing(Protocol):
    """Where the data keys are: one per subject (a patient, or the dead letters of the site).

    A key's id is `subject/generation`. Every verb may raise KeyRingUnusable; KeyRingUnreachable, which is
    one, where trying again may help. `tests/contract/test_keyrings.py` holds what every ring promises.
    """

    def current_key(self, subject: str) -> tuple[str, bytes]:
        """Key id and 256-bit key to seal with; made durable on first use."""

    def key(self, key_id: str) -> bytes:
        """The key called `key_id`; KeyNotFound where it never was, KeyDestroyed where it was destroyed."""

    def destroy(self, subject: str) -> int:
        """Destroy every key of `subject`, for ever; how many there were.

        Every process that uses the ring notices within seconds. What is said of the subject afterwards
        is sealed under the next generation.
        """

    def generations(self, subject: str) -> Generations:
        """How many keys the subject has and had; none of either where nothing was ever sealed for it."""


def seal_bytes(ring: KeyRing, subject: str, bound_to: str, plaintext: bytes) -> SealedPhi:
    """`plaintext` under the subject's key, bound to the id `bound_to`."""
    key_id, key = ring.current_key(subject)
    nonce = os.urandom(_NONCE_BYTES)
    ciphertext = AESGCM(key).encrypt(nonce, plaintext, bound_to.encode())
    return SealedPhi(key_id=key_id, nonce=nonce, ciphertext=ciphertext)


def open_bytes(ring: KeyRing, bound_to: str, sealed: SealedPhi) -> bytes:
    """The plaintext. Raises KeyNotFound or WrongKey."""
    key = ring.key(sealed.key_id)
    try:
        return AESGCM(key).decrypt(sealed.nonce, sealed.ciphertext, bound_to.encode())
    except (InvalidTag, ValueError):  # ValueError: a nonce of a length that GCM does not take
        raise WrongKey(f"ciphertext of {bound_to} does not open with {sealed.key_id}") from None


def seal(ring: KeyRing, patient_key: str, event_id: str, phi: Phi) -> SealedPhi:
    """`phi` under the patient's key, bound to the event. Raises PhiError where a field is no text."""
    try:
        plaintext = encoder(Phi.AVRO_NAME)(phi)
    except (ValueError, TypeError, AttributeError) as error:
        # The type only: the error's text may quote the value.
        raise PhiError(f"phi of event {event_id} is no text: {type(error).__name__}") from None
    return seal_bytes(ring, patient_key, event_id, plaintext)


def open_sealed(ring: KeyRing, event_id: str, sealed: SealedPhi) -> Phi:
    """What `seal` sealed. Raises KeyNotFound or WrongKey, PhiError where it is no record of a patient.

    Plaintext carries no schema id: its fields are read in order, and a later version only ever adds optional
    ones at the end. What an older writer did not know is null; what a newer one added is passed over.
    """
    plaintext = open_bytes(ring, event_id, sealed)
    try:
        phi, _ = _READ_PHI(plaintext + _FIELDS_OF_LATER, 0)
    except (IndexError, ValueError, OverflowError) as error:
        raise PhiError(f"plaintext of event {event_id} is no Phi: {type(error).__name__}") from None
    return cast("Phi", phi)
