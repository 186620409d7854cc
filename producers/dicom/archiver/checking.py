"""An entry of the spool as the archive gets it: every byte checked, its digest known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from producers.dicom.spool.entry import Digest, EntryDamaged, EntryFile
from producers.dicom.storage.instance_facts import InstanceFacts, stored_event_id
from producers.dicom.storage.spooled_image import SpooledImage, spooled_in
from schemas.errors import NotAnImage, TruncatedRecord, WrongKey
from schemas.image_envelope import sealed_sha256
from schemas.parts import SealedPhi
from schemas.phi import KeyRing, open_bytes, seal_bytes

_BLOCK_BYTES = 1 << 18


@dataclass(frozen=True, slots=True)
class EntryContent:
    """The sealed object, read anew by each iteration, a block at a time."""

    file: EntryFile

    def __iter__(self) -> Iterator[bytes]:
        left = self.file.content_bytes
        with self.file.open_content() as stream:
            while left and (block := stream.read(min(left, _BLOCK_BYTES))):
                left -= len(block)
                yield block


def checked_facts(ring: KeyRing, file: EntryFile) -> InstanceFacts:
    """What is known of it, once its content has been opened and is whole.

    Raises EntryDamaged; KeyNotFound where nobody can open it any more; KeyRingUnusable, OSError; KeyError,
    TypeError or ValueError where its facts are none.
    """
    image = spooled_in(file.facts)
    return facts_of(ring, image, _checked_digest(ring, image.attributes.sop_instance_uid, file))


def facts_of(ring: KeyRing, image: SpooledImage, digest: Digest) -> InstanceFacts:
    """What is known of it together with the digest of its sealed object. Raises as `checked_facts` does."""
    return InstanceFacts(
        attributes=image.attributes,
        exam_id=image.exam_id,
        patient_key=image.patient_key,
        phi=_bound_to_event(ring, image, digest),
        transfer_syntax_uid=image.transfer_syntax_uid,
        calling_ae_title=image.calling_ae_title,
        association_id=image.association_id,
        received_at=image.received_at,
        size_bytes=digest.size_bytes,
        sha256=digest.sha256,
    )


def _checked_digest(ring: KeyRing, sop_instance_uid: str, file: EntryFile) -> Digest:
    with file.open_content() as stream:

        def fetch(offset: int, length: int) -> bytes:
            stream.seek(offset)
            return stream.read(min(length, file.content_bytes - offset))

        try:
            sha256 = sealed_sha256(ring, sop_instance_uid, fetch, file.content_bytes)
        except (NotAnImage, TruncatedRecord, WrongKey) as error:
            raise EntryDamaged(f"the content is not what was written: {type(error).__name__}") from None
    return Digest(file.content_bytes, sha256)


def _bound_to_event(ring: KeyRing, image: SpooledImage, digest: Digest) -> SealedPhi | None:
    """The patient, sealed again for the event, whose id follows from the digest."""
    if image.phi is None or image.patient_key is None:
        return None
    try:
        patient = open_bytes(ring, image.phi_bound_to, image.phi)
    except WrongKey:
        raise EntryDamaged("the patient is not who was written") from None
    return seal_bytes(ring, image.patient_key, stored_event_id(image.attributes, digest.sha256), patient)
