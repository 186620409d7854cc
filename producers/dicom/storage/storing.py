"""One C-STORE from data set to status: sealed, durable in the spool, then success; nothing half acknowledged.

Neither the object store nor Kafka is asked. What is refused goes to Kafka before it is answered; where Kafka
is away the sender keeps it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from uuid import uuid4

import structlog

from producers.dead_letters import dead_letter
from producers.dicom.mapping import PROTOCOL, MappingConfig, Subject, subject_of
from producers.dicom.spool.room import SpoolFull
from producers.dicom.spool.spool import STORAGE_FAILED, Spool
from producers.dicom.storage.attributes import InstanceAttributes, read_attributes
from producers.dicom.storage.content import Content, beginning
from producers.dicom.storage.failure import StorageFailure
from producers.dicom.storage.received import Received, dicom_file, sealed_pieces
from producers.dicom.storage.refusals import OUT_OF_RESOURCES, SUCCESS, Refused
from producers.dicom.storage.spooled_image import spooled_image
from producers.publishing import EventPublisher, PublishFailed
from schemas.errors import PhiError
from schemas.image_sealing import image_subject
from schemas.parts import Source
from schemas.phi import KeyRing
from schemas.sealed_letters import PAYLOAD_LIMIT_BYTES

log = structlog.get_logger("dicom")


@dataclass(slots=True)
class SendingAssociation:
    """What is known of one association. The lock is held during each C-STORE: the end waits for it.

    has_stored: whether an image of it is in the spool. failed: of which studies it was said that they failed.
    """

    association_id: str = field(default_factory=lambda: str(uuid4()))
    lock: threading.Lock = field(default_factory=threading.Lock)
    has_stored: bool = False
    has_ended: bool = False
    failed: set[str] = field(default_factory=set)


class ImageStorer:
    """Shared by all associations."""

    def __init__(
        self,
        *,
        config: MappingConfig,
        ring: KeyRing,
        spool: Spool,
        publisher: EventPublisher,
        now: Callable[[], datetime],
    ) -> None:
        self._config = config
        self._ring = ring
        self._spool = spool
        self._publisher = publisher
        self._now = now

    def store(self, association: SendingAssociation, received: Received) -> int:
        """The C-STORE status. The caller holds the association's lock."""
        file = dicom_file(received)
        try:
            try:
                attributes = read_attributes(received, self._config.zone)
                self._store(association, attributes, received, file)
            except Refused as refused:
                self._keep(refused, received, file)
                return refused.status
        except (PublishFailed, PhiError, OSError) as error:
            log.warning("not stored", error=f"{type(error).__name__}: {error}")
            return OUT_OF_RESOURCES
        except SpoolFull:
            return OUT_OF_RESOURCES
        association.has_stored = True
        return SUCCESS

    def _store(
        self,
        association: SendingAssociation,
        attributes: InstanceAttributes,
        received: Received,
        file: Content,
    ) -> None:
        subject = subject_of(attributes, self._config)
        of = image_subject(subject.patient_key, attributes.study_instance_uid)
        sha256 = None if received.file is None else received.file.sha256
        pieces = sealed_pieces(self._ring, of, attributes.sop_instance_uid, file, sha256)
        spooled = spooled_image(
            attributes,
            subject,
            received,
            ring=self._ring,
            association_id=association.association_id,
            received_at=self._now(),
        )
        try:
            self._spool.append_image(file.size_bytes, pieces, spooled.to_record())
        except SpoolFull as full:
            self._note_failure(association, attributes, subject, received, str(full))
            raise

    def _note_failure(
        self,
        association: SendingAssociation,
        attributes: InstanceAttributes,
        subject: Subject,
        received: Received,
        why: str,
    ) -> None:
        """Once for each study of an association: a sender that goes on trying must not fill the disk."""
        study = attributes.study_instance_uid
        if study in association.failed:
            return
        association.failed.add(study)
        log.error("no room for images", reason=why, exam_id=subject.exam_id)
        failure = StorageFailure(
            association_id=association.association_id,
            study_instance_uid=study,
            exam_id=subject.exam_id,
            accession_number=attributes.accession_number,
            patient_key=subject.patient_key,
            calling_ae_title=received.calling_ae_title,
            status=f"{OUT_OF_RESOURCES:04X}",
            reason="out_of_resources",
            failed_at=self._now(),
        )
        with suppress(OSError):  # the disk itself is full: the sender has its status all the same
            self._spool.note(STORAGE_FAILED, failure.to_record())

    def _keep(self, refused: Refused, received: Received, file: Content) -> None:
        payload = beginning(file, PAYLOAD_LIMIT_BYTES)
        is_whole = len(payload) == file.size_bytes
        letter = dead_letter(
            self._ring,
            origin="dicom",
            reason=type(refused).__name__,
            detail=str(refused)
            if is_whole
            else f"{refused}; first {len(payload)} of {file.size_bytes} bytes",
            source=Source(system=received.calling_ae_title, facility="", protocol=PROTOCOL),
            source_message_id=received.sop_instance_uid,
            content_type="application/dicom",
            payload=payload,
            recorded_at=self._now(),
            is_whole=is_whole,
        )
        self._publisher.publish_dead_letter(letter)
        log.warning(
            "refused",
            reason=letter.reason,
            status=f"0x{refused.status:04X}",
            dead_letter_id=letter.dead_letter_id,
        )
