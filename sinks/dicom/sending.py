"""Studies to one destination by C-STORE: an association for each, and what is said of it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import datetime

import structlog

from schemas.phi import KeyRing
from schemas.sealed_letters import KafkaPlace
from schemas.topics import EVENTS
from sinks.delivering.errors import NotSendable, NotTaken, Refused, Unreachable
from sinks.delivering.job import Job
from sinks.delivering.saying import Said
from sinks.dicom.association import Association
from sinks.dicom.choosing import again_after
from sinks.dicom.destinations import Destination
from sinks.dicom.images import ImageStore
from sinks.dicom.index import ImageIndex
from sinks.dicom.indexed import IndexedImage
from sinks.dicom.messages import Pair, is_stored, is_warning, may_be_taken_later
from sinks.dicom.negotiation import CONTEXTS_LIMIT, associated
from sinks.dicom.outcomes import study_sent, undeliverable

log = structlog.get_logger(__name__)

_NOT_ACCEPTED = "NotAccepted"


@dataclass(slots=True)
class ImageCounts:
    """Images since the start. warnings: of those sent. refused: for good."""

    images_sent: int = 0
    image_warnings: int = 0
    images_refused: int = 0


class StudyLine:
    """Sends one study at a time, in a thread of its own."""

    def __init__(
        self,
        destination: Destination,
        index: ImageIndex,
        images: ImageStore,
        counts: ImageCounts,
        now: Callable[[], datetime],
    ) -> None:
        self._destination = destination
        self._index = index
        self._images = images
        self._counts = counts
        self._now = now
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=destination.group_id)
        self._association: Association | None = None
        self._is_closed = False

    async def send(self, job: Job) -> None:
        """As Line has it. What the destination took is not sent again for this event, whatever is raised."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self.send_study, job)

    async def close(self) -> None:
        """Break off what is under way."""
        await asyncio.to_thread(self.stop)

    def stop(self) -> None:
        """As `close`, in the caller's thread."""
        self._is_closed = True
        if self._association is not None:
            self._association.break_off()
        self._thread.shutdown()

    def send_study(self, job: Job) -> None:
        """As `send`, in the caller's thread."""
        left = self._to_send(job)
        total, refused = len(left), Counter[str]()
        while left:
            left = self._send_some(job, left, refused)
        self._counts.images_refused += refused.total()
        if refused:
            reasons = ", ".join(f"{reason} {count}" for reason, count in refused.most_common())
            raise Refused(refused.most_common(1)[0][0], f"of {total} images were refused: {reasons}")

    def _to_send(self, job: Job) -> list[IndexedImage]:
        to, after = self._destination, again_after(self._destination, job.event)
        before = None if after is None else self._now() - after
        images = self._index.to_send(to.name, job.lane, job.event.envelope.event_id, before)
        return [image for image in images if image.calling_ae_title not in to.own_ae_titles]

    def _send_some(
        self, job: Job, images: Sequence[IndexedImage], refused: Counter[str]
    ) -> list[IndexedImage]:
        """On one association what fits on it; what is left for another."""
        pairs = list(dict.fromkeys(pair_of(image) for image in images))[:CONTEXTS_LIMIT]
        tried: set[int] = set()
        with associated(self._destination, pairs) as association:
            self._association = association
            if self._is_closed:
                raise Unreachable("stopped")
            for image in images:
                if pair_of(image) in pairs and not association.is_within_message:
                    tried.add(image.number)
                    reason = self._send_one(job, image, association)
                    refused.update(() if reason is None else (reason,))
        return [image for image in images if image.number not in tried]

    def _send_one(self, job: Job, image: IndexedImage, association: Association) -> str | None:
        """Why the image was refused; None where it was taken."""
        if not association.accepts(pair_of(image)):
            return _NOT_ACCEPTED
        try:
            with self._images.data_set(image) as data_set:
                status = association.store(pair_of(image), image.sop_instance_uid, data_set)
        except NotSendable as error:
            return error.reason
        code = f"0x{status:04X}"
        if may_be_taken_later(status):
            raise NotTaken(code)
        if not is_stored(status):
            log.warning("image_refused", status=code, sop_instance_uid=image.sop_instance_uid)
            return code
        self._counts.images_sent += 1
        self._counts.image_warnings += is_warning(status)
        self._index.note_sent(self._destination.name, image, job.event.envelope.event_id, self._now())
        return None


def pair_of(image: IndexedImage) -> Pair:
    """What its presentation context is for."""
    return image.sop_class_uid, image.transfer_syntax_uid


class DicomCarrier:
    """Carrier of one destination."""

    def __init__(
        self,
        destination: Destination,
        *,
        ring: KeyRing,
        index: ImageIndex,
        images: ImageStore,
        now: Callable[[], datetime],
    ) -> None:
        self._destination = destination
        self._ring = ring
        self._index = index
        self._images = images
        self._now = now
        self._counts = ImageCounts()

    def line(self) -> StudyLine:
        """An association at a time."""
        return StudyLine(self._destination, self._index, self._images, self._counts, self._now)

    def counts(self) -> Mapping[str, int]:
        """Images sent and refused."""
        return asdict(self._counts)

    def delivered(self, job: Job) -> Sequence[Said]:
        """StudySent, where images went for the job's event."""
        to, uid, cause = self._destination, job.lane, job.event.envelope.event_id
        study, count = self._index.study(uid), self._index.sent_count(to.name, uid, cause)
        return [study_sent(job.event, study, to, count, self._now())] if study is not None and count else []

    def given_up(self, job: Job, error: NotSendable) -> Sequence[Said]:
        """The dead letter, and StudySent of what was taken. Raises PhiError, OSError."""
        letter = undeliverable(
            self._ring,
            job.event,
            job.value,
            KafkaPlace(topic=EVENTS, partition=job.partition, key=job.key),
            study_instance_uid=job.lane,
            destination=self._destination.name,
            reason=error.reason,
            detail=f"study {job.lane}, {type(job.event).__name__}: {error.detail}, {job.attempts} attempts",
            now=self._now(),
        )
        return [letter, *self.delivered(job)]
