"""What the listener knows of an image that it acknowledged: all that the archiver needs, no PHI in clear."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any

from producers.dicom.entry_files import phi_of, phi_record
from producers.dicom.mapping import Subject
from producers.dicom.query.attributes import QueryAttributes
from producers.dicom.spool.entry import Digest
from producers.dicom.storage.attributes import InstanceAttributes
from producers.dicom.storage.received import Received
from schemas.events import InstanceStored
from schemas.identity import event_id
from schemas.parts import Phi, SealedPhi
from schemas.phi import KeyRing, seal


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceFacts:
    """One image in the spool.

    attributes: without the patient. phi: bound to `stored_event_id`; None where no patient is named.
    association_id: the association that brought it, unique over restarts of the listener.
    received_at: when it came, UTC, by the department's clock.
    size_bytes, sha256: of the sealed object.
    """

    attributes: InstanceAttributes
    exam_id: str
    patient_key: str | None
    phi: SealedPhi | None
    transfer_syntax_uid: str
    calling_ae_title: str
    association_id: str
    received_at: datetime
    size_bytes: int
    sha256: str

    @property
    def stored_event_id(self) -> str:
        """The id of its InstanceStored: SOP Instance UID and content, as it was sealed."""
        return stored_event_id(self.attributes, self.sha256)

    @property
    def study_key(self) -> tuple[str, str, str]:
        """Its study, in this association, of this exam."""
        return self.association_id, self.attributes.study_instance_uid, self.exam_id

    def to_record(self) -> dict[str, Any]:
        """As JSON has it."""
        image = self.attributes
        attributes = {name: getattr(image, name) for name in _OF_IMAGE}
        attributes["acquired_at"] = image.acquired_at and image.acquired_at.isoformat()
        attributes["query"] = {name: getattr(image.query, name) for name in _OF_QUERY}
        plain = {name: getattr(self, name) for name in _PLAIN}
        return plain | {
            "attributes": attributes,
            "phi": phi_record(self.phi),
            "received_at": self.received_at.isoformat(),
        }


_PLAIN = (
    "exam_id",
    "patient_key",
    "transfer_syntax_uid",
    "calling_ae_title",
    "association_id",
    "size_bytes",
    "sha256",
)
# Named once: `asdict` copies deep, and costs more than all else that is done for an image's facts.
_OF_IMAGE = tuple(field.name for field in fields(InstanceAttributes) if field.name not in {"phi", "query"})
_OF_QUERY = tuple(field.name for field in fields(QueryAttributes))


def facts_in(record: Mapping[str, Any]) -> InstanceFacts:
    """What `to_record` gave. Raises KeyError, ValueError or TypeError where it is none."""
    attributes = dict(record["attributes"])
    acquired_at = attributes.pop("acquired_at")
    return InstanceFacts(
        **{name: record[name] for name in _PLAIN},
        attributes=InstanceAttributes(
            **attributes
            | {
                "acquired_at": acquired_at and datetime.fromisoformat(acquired_at),
                "query": QueryAttributes(**attributes["query"]),
                "phi": Phi(),
            }
        ),
        phi=phi_of(record["phi"]),
        received_at=datetime.fromisoformat(record["received_at"]),
    )


def facts_of(
    attributes: InstanceAttributes,
    subject: Subject,
    received: Received,
    digest: Digest,
    *,
    ring: KeyRing,
    association_id: str,
    received_at: datetime,
) -> InstanceFacts:
    """The facts of an image that came. Raises PhiError."""
    key, bound_to = subject.patient_key, stored_event_id(attributes, digest.sha256)
    return InstanceFacts(
        attributes=replace(attributes, phi=Phi()),
        exam_id=subject.exam_id,
        patient_key=key,
        # Without PatientID there is no patient to seal for: the name stays in the image alone.
        phi=None if key is None else seal(ring, key, bound_to, subject.phi),
        transfer_syntax_uid=received.transfer_syntax_uid,
        calling_ae_title=received.calling_ae_title,
        association_id=association_id,
        received_at=received_at,
        size_bytes=digest.size_bytes,
        sha256=digest.sha256,
    )


def stored_event_id(attributes: InstanceAttributes, sha256: str) -> str:
    """The id of an image's InstanceStored."""
    return event_id("dicom", attributes.sop_instance_uid, sha256, InstanceStored.AVRO_NAME)
