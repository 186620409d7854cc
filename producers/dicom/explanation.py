"""What a DICOM file is, and what the listener would make of it: its own mapping, and nothing is stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pydicom.errors import InvalidDicomError
from pydicom.uid import UID
from pynetdicom.dsutils import split_dataset

from producers.dicom.archiver.checking import facts_of
from producers.dicom.archiver.events import StorageEvents
from producers.dicom.associations.syntaxes import STORAGE_CLASSES
from producers.dicom.mapping import EventMaker, MappingConfig, subject_of
from producers.dicom.spool.entry import Digest
from producers.dicom.storage.attributes import InstanceAttributes, read_attributes
from producers.dicom.storage.content import Content, MemoryContent
from producers.dicom.storage.received import Received, dicom_file, sealed_file
from producers.dicom.storage.refusals import CLASS_NOT_SUPPORTED, SUCCESS, CannotUnderstand, Refused
from producers.dicom.storage.spooled_image import spooled_image
from schemas.events import Event
from schemas.image_sealing import image_subject
from schemas.phi import KeyRing

# PS3.7 annex C: the SOP class is none that we accept.


class NotDicom(ValueError):
    """The file is no DICOM file (PS3.10 section 7.1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """status: the C-STORE status it would get from a store that has room and does not have the image yet.

    sealed: what stands in the events only sealed. reason, problem: empty where it is accepted.
    events: their fields in clear, the step's name under `event`.
    """

    sop_class_uid: str
    sop_class: str
    transfer_syntax_uid: str
    transfer_syntax: str
    size_bytes: int
    attributes: Mapping[str, Any]
    sealed: Mapping[str, str]
    events: tuple[Mapping[str, Any], ...]
    status: int
    reason: str = ""
    problem: str = ""


def explain(
    path: Path, calling_ae_title: str, config: MappingConfig, ring: KeyRing, now: datetime
) -> Explanation:
    """What C-STORE of the file would become. `ring` need not outlive the call.

    Raises NotDicom, OSError.
    """
    received = _received(path, calling_ae_title)
    file = dicom_file(received)
    attributes: InstanceAttributes | None = None
    events: list[Event] = []
    status, reason, problem = SUCCESS, "", ""
    try:
        attributes = read_attributes(received, config.zone)
        events = _events(attributes, received, file, config=config, ring=ring, now=now)
        if received.sop_class_uid not in STORAGE_CLASSES:
            status, reason = CLASS_NOT_SUPPORTED, "SopClassNotSupported"
            problem, events = "its presentation context is refused: the listener stores no such class", []
    except Refused as refused:
        status, reason, problem = refused.status, type(refused).__name__, str(refused)
    known = {} if attributes is None else asdict(attributes)
    phi = known.pop("phi", {})
    known |= known.pop("query", {})
    return Explanation(
        sop_class_uid=received.sop_class_uid,
        sop_class=UID(received.sop_class_uid).name,
        transfer_syntax_uid=received.transfer_syntax_uid,
        transfer_syntax=UID(received.transfer_syntax_uid).name,
        size_bytes=file.size_bytes,
        attributes=known,
        sealed={name: value for name, value in phi.items() if value is not None},
        events=tuple(_shown(event) for event in events),
        status=status,
        reason=reason,
        problem=problem,
    )


def _received(path: Path, calling_ae_title: str) -> Received:
    try:
        meta, offset = split_dataset(path)
        sop_class, instance = str(meta.MediaStorageSOPClassUID), str(meta.MediaStorageSOPInstanceUID)
        syntax = str(meta.TransferSyntaxUID)
    except (InvalidDicomError, AttributeError):
        raise NotDicom("no DICOM file: its preamble or its file meta information is missing") from None
    except OSError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever damaged bytes provoke in the reader, they are unreadable
        raise NotDicom(f"file meta information cannot be read: {type(error).__name__}") from None
    return Received(
        sop_class_uid=sop_class,
        sop_instance_uid=instance,
        transfer_syntax_uid=syntax,
        calling_ae_title=calling_ae_title,
        content=MemoryContent(path.read_bytes()[offset:]),
    )


def _events(
    attributes: InstanceAttributes,
    received: Received,
    file: Content,
    *,
    config: MappingConfig,
    ring: KeyRing,
    now: datetime,
) -> list[Event]:
    """As listener and archiver make them for a first image; an unread data set raises CannotUnderstand."""
    if not received.content.size_bytes:
        raise CannotUnderstand("no data set")
    subject = subject_of(attributes, config)
    of = image_subject(subject.patient_key, attributes.study_instance_uid)
    sealed = sealed_file(ring, of, attributes.sop_instance_uid, file)
    digest = Digest(len(sealed.content), sealed.sha256)
    spooled = spooled_image(attributes, subject, received, ring=ring, association_id="", received_at=now)
    facts = facts_of(ring, spooled, digest)
    events = StorageEvents(EventMaker(config, ring), ring)
    return [events.first_image_stored(facts, now), events.instance_stored(facts, now)]


def _shown(event: Event) -> Mapping[str, Any]:
    """The digest is left out: it is of the sealed object, and the key here is none that stays."""
    record = event.to_record()
    envelope = record.pop("envelope")
    record.pop("sha256", None)
    names = ("exam_id", "patient_key", "occurred_at", "swim_code")
    return {"event": type(event).__name__, **{name: envelope[name] for name in names}, **record}
