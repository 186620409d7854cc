"""Instance Availability Notification as SCP (DICOM PS3.4 annex R): an archive says what it has of a study.

A success means that the notification is in the spool, on disk: completeness is told of it after the images
that came before. The notification itself is no object that could be asked for: it may come again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydicom.dataset import Dataset
from pydicom.uid import generate_uid
from pynetdicom import evt

from producers.dicom.associations.services import Handler, SupportedContext
from producers.dicom.availability.reading import Availability, availability_in
from producers.dicom.normalized.refusals import InvalidInstance
from producers.dicom.normalized.requests import answered, attributes_of, readable
from producers.dicom.storage.attributes import is_uid

INSTANCE_AVAILABILITY = "1.2.840.10008.5.1.4.33"


class AvailabilityService:
    """Shared by all associations."""

    def __init__(self, notified: Callable[[Availability], None]) -> None:
        """`notified` makes a notification durable. Raises OSError."""
        self._notified = notified

    def contexts(self) -> Sequence[SupportedContext]:
        """Instance Availability Notification."""
        return [SupportedContext(INSTANCE_AVAILABILITY)]

    def handlers(self) -> Sequence[Handler]:
        """N-CREATE."""
        return [(evt.EVT_N_CREATE, self.on_create)]

    def on_create(self, event: Any) -> tuple[Dataset, Dataset | None]:
        """A notification. Its SOP Instance UID may be left to us (PS3.7 10.1.5.1.4)."""
        uid = event.request.AffectedSOPInstanceUID
        status = answered("N-CREATE availability", event, lambda: self._take(uid, event))
        if uid is not None:
            return status, None
        made = Dataset()
        made.AffectedSOPInstanceUID = generate_uid()
        return status, made

    def _take(self, uid: str | None, event: Any) -> Mapping[str, object]:
        if uid is not None and not is_uid(str(uid)):
            raise InvalidInstance("SOP Instance UID is none")
        attributes = attributes_of(event, "attribute_list")
        found = readable(lambda: availability_in(attributes))
        self._notified(found)
        count = sum(len(uids) for uids in found.images.values())
        return {"study_instance_uid": found.study_instance_uid, "instances": count}
