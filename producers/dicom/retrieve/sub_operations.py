"""The sub-operations of one C-GET or C-MOVE: what can be handed over, how, and how often it was."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any, NamedTuple

import structlog
from pydicom.dataset import Dataset
from pydicom.uid import UID
from urllib3.exceptions import HTTPError

from producers.dicom.archive.archive import ArchiveUnavailable, ImageArchive
from producers.dicom.catalogue.catalogue import CatalogueInstance
from producers.dicom.retrieve.converting import CannotConvert, converted, targets_of
from producers.dicom.retrieve.image_sending import NotSent, StoreRequest, send_image, without_meta
from schemas.errors import KeyNotFound, SchemaError
from schemas.image_envelope import open_stream
from schemas.phi import KeyRing

log = structlog.get_logger("dicom")
# Below it an image is opened whole before it is sent: what is wrong is known before the peer hears of it.
_WHOLE_BYTES = 16 * 1024 * 1024
# PS3.4 table B.2-1: failures, and the warnings after which the peer has the image all the same.
_REFUSED, _WARNING = 0xC000, 0xB


class NotHandedOver(Exception):
    """This image cannot be sent to this peer; the text says why."""


class Retrieved(NamedTuple):
    """Whose images: one study of one exam."""

    study_instance_uid: str
    exam_id: str
    patient_key: str | None
    accession_number: str | None


class _Ready(NamedTuple):
    instance: CatalogueInstance
    context: Any
    pieces: Iterable[bytes]


class SubOperations:
    """Stands in for the library's `send_c_store`: it takes the placeholder of what was made ready last."""

    def __init__(self, archive: ImageArchive, ring: KeyRing, *, converts: bool) -> None:
        """`converts`: whether images may go out in another transfer syntax than they came in."""
        self._archive = archive
        self._ring = ring
        self._converts = converts
        self._association: Any = None
        self._ready: _Ready | None = None
        self.handed_over: Counter[Retrieved] = Counter()

    def over(self, association: Any) -> None:
        """Send over this association from now on."""
        self._association = association
        association.send_c_store = self._send

    def end(self) -> None:
        """The association sends by itself again."""
        if self._association is not None:
            vars(self._association).pop("send_c_store", None)

    def make_ready(self, instance: CatalogueInstance) -> str:
        """Open the image for the next sub-operation; else why not, and that sub-operation will fail."""
        self._ready = None
        try:
            self._ready = self._opened(instance)
        except (NotHandedOver, CannotConvert) as error:
            reason = str(error)
        except KeyNotFound:
            reason = "the patient was erased"
        except (ArchiveUnavailable, SchemaError, HTTPError, ValueError) as error:
            reason = f"cannot be opened: {type(error).__name__}"
        else:
            return ""
        log.warning("image not handed over", sop_instance_uid=instance.sop_instance_uid, reason=reason)
        return reason

    def _opened(self, instance: CatalogueInstance) -> _Ready:
        context = self._context(instance)
        syntax = str(context.transfer_syntax[0])
        if syntax != instance.transfer_syntax_uid:
            return _Ready(instance, context, [converted(b"".join(self._file(instance)), syntax)])
        pieces: Iterator[bytes] = without_meta(self._file(instance))
        if instance.size_bytes <= _WHOLE_BYTES:
            return _Ready(instance, context, list(pieces))
        return _Ready(instance, context, chain([next(pieces)], pieces))

    def _file(self, instance: CatalogueInstance) -> Iterator[bytes]:
        with self._archive.stream(instance.object_key) as stream:
            yield from open_stream(self._ring, instance.sop_instance_uid, stream)

    def _context(self, instance: CatalogueInstance) -> Any:
        """A context for the image as it is stored; another that it can be converted into, if we may."""
        if self._association is None or not self._association.is_established:
            raise NotHandedOver("the association is over")
        accepted = {
            str(context.transfer_syntax[0]): context
            for context in self._association.accepted_contexts
            if context.abstract_syntax == instance.sop_class_uid and context.as_scu
        }
        stored = instance.transfer_syntax_uid
        for syntax in (stored, *(targets_of(stored) if self._converts else ())):
            if syntax in accepted:
                return accepted[syntax]
        raise NotHandedOver(f"{UID(stored).name} not taken for {UID(instance.sop_class_uid).name}")

    def _send(
        self,
        _placeholder: Dataset,
        msg_id: int = 1,
        priority: int = 2,
        originator_aet: str | None = None,
        originator_id: int | None = None,
    ) -> Dataset:
        """The status of the sub-operation, as the library counts it."""
        ready, self._ready = self._ready, None
        if ready is None:
            return _status(_REFUSED)
        request = StoreRequest(
            sop_class_uid=ready.instance.sop_class_uid,
            sop_instance_uid=ready.instance.sop_instance_uid,
            message_id=msg_id,
            priority=priority,
            originator=None if originator_aet is None else (originator_aet, originator_id or 0),
        )
        try:
            answer = send_image(self._association, ready.context, request, ready.pieces)
        except NotSent as error:
            log.warning("image not sent", sop_instance_uid=request.sop_instance_uid, reason=str(error))
            return _status(_REFUSED)
        status = answer.get("Status")
        if status == 0 or (status is not None and status >> 12 == _WARNING):
            self.handed_over[retrieved(ready.instance)] += 1
        else:
            log.warning("image not taken", sop_instance_uid=request.sop_instance_uid, status=status)
        return answer if status is not None else _status(_REFUSED)


def retrieved(instance: CatalogueInstance) -> Retrieved:
    """What the image is counted under."""
    return Retrieved(
        instance.study_instance_uid, instance.exam_id, instance.patient_key, instance.accession_number
    )


def _status(status: int) -> Dataset:
    answer = Dataset()
    answer.Status = status
    return answer
