"""An image in the spool: all that the listener knows of it and the archiver needs, no PHI in clear."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any

from producers.dicom.entry_files import phi_of, phi_record
from producers.dicom.mapping import Subject
from producers.dicom.query.attributes import QueryAttributes
from producers.dicom.storage.attributes import InstanceAttributes
from producers.dicom.storage.instance_facts import stored_event_id
from producers.dicom.storage.received import Received
from schemas.parts import Phi, SealedPhi
from schemas.phi import KeyRing, seal


@dataclass(frozen=True, slots=True, kw_only=True)
class SpooledImage:
    """One image in the spool.

    attributes: without the patient. phi: bound to `phi_bound_to`; None where no patient is named.
    association_id: the association that brought it, unique over restarts of the listener.
    received_at: when it came, UTC, by the department's clock.
    """

    attributes: InstanceAttributes
    exam_id: str
    patient_key: str | None
    phi: SealedPhi | None
    phi_bound_to: str
    transfer_syntax_uid: str
    calling_ae_title: str
    association_id: str
    received_at: datetime

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
            "phi_bound_to": self.phi_bound_to,
            "received_at": self.received_at.isoformat(),
        }


_PLAIN = ("exam_id", "patient_key", "transfer_syntax_uid", "calling_ae_title", "association_id")
# Named once: `asdict` copies deep, and costs more than all else that is done for an image's facts.
_OF_IMAGE = tuple(field.name for field in fields(InstanceAttributes) if field.name not in {"phi", "query"})
_OF_QUERY = tuple(field.name for field in fields(QueryAttributes))


def spooled_in(record: Mapping[str, Any]) -> SpooledImage:
    """What `to_record` gave. Raises KeyError, ValueError or TypeError where it is none."""
    given = dict(record["attributes"])
    acquired_at = given.pop("acquired_at")
    attributes = InstanceAttributes(
        **given
        | {
            "acquired_at": acquired_at and datetime.fromisoformat(acquired_at),
            "query": QueryAttributes(**given["query"]),
            "phi": Phi(),
        }
    )
    # A version before this one knew the digest, and bound to the event.
    bound_to = record.get("phi_bound_to") or stored_event_id(attributes, record["sha256"])
    return SpooledImage(
        **{name: record[name] for name in _PLAIN},
        attributes=attributes,
        phi=phi_of(record["phi"]),
        phi_bound_to=bound_to,
        received_at=datetime.fromisoformat(record["received_at"]),
    )


def spooled_image(
    attributes: InstanceAttributes,
    subject: Subject,
    received: Received,
    *,
    ring: KeyRing,
    association_id: str,
    received_at: datetime,
) -> SpooledImage:
    """An image that came. Raises PhiError."""
    key, bound_to = subject.patient_key, f"{association_id}|{attributes.sop_instance_uid}"
    return SpooledImage(
        attributes=replace(attributes, phi=Phi()),
        exam_id=subject.exam_id,
        patient_key=key,
        # Without PatientID there is no patient to seal for: the name stays in the image alone.
        phi=None if key is None else seal(ring, key, bound_to, subject.phi),
        phi_bound_to=bound_to,
        transfer_syntax_uid=received.transfer_syntax_uid,
        calling_ae_title=received.calling_ae_title,
        association_id=association_id,
        received_at=received_at,
    )
