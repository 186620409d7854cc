"""What is known of an image whose sealed object is: all that its events need, no PHI in clear."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from producers.dicom.storage.attributes import InstanceAttributes
from schemas.events import InstanceStored
from schemas.identity import event_id
from schemas.parts import SealedPhi


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceFacts:
    """One image.

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


def stored_event_id(attributes: InstanceAttributes, sha256: str) -> str:
    """The id of an image's InstanceStored."""
    return event_id("dicom", attributes.sop_instance_uid, sha256, InstanceStored.AVRO_NAME)
