"""The DICOM sender against a real storage SCP that misbehaves."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from itertools import islice

import pytest
from pydicom import Dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom import AE, evt
from pynetdicom.events import EventHandlerType

from producers.simulator.backoff import Backoff
from producers.simulator.department_file import load_department
from producers.simulator.dicom_sender import DicomPeer, DicomSender, wire_digest
from producers.simulator.identities import PlanIdentity
from producers.simulator.images import images_of, sop_classes
from producers.simulator.mllp_sender import Answer
from producers.simulator.plan import DepartmentPlan

QUICK = Backoff(first_s=0.01, most_s=0.02)


def ct_images() -> list[Dataset]:
    plan = DepartmentPlan(
        load_department(), PlanIdentity(1, "GENERAL", "r"), datetime(2026, 1, 5, tzinfo=UTC)
    )
    return images_of(next(exam for exam in islice(plan.exams(), 200) if exam.modality == "CT"))


class Archive:
    """What was stored, by SOP Instance UID; `statuses` come first, then success."""

    def __init__(self, *statuses: int, abort_at: int | None = None, silent_s: float = 0.0) -> None:
        self._statuses = list(statuses)
        self._abort_at = abort_at
        self._silent_s = silent_s
        self.stored: list[str] = []
        self.digests: list[tuple[int, str]] = []
        self.requests = 0
        self.associations = 0

    def store(self, event: evt.Event) -> int:
        self.requests += 1
        if self.requests == self._abort_at:
            event.assoc.abort()
            return 0x0000
        time.sleep(self._silent_s)
        status = self._statuses.pop(0) if self._statuses else 0x0000
        if status in (0x0000, 0xB000):
            image = event.dataset
            image.file_meta = event.file_meta
            self.stored.append(str(image.SOPInstanceUID))
            self.digests.append(wire_digest(image))
        return status

    def accepted(self, _event: evt.Event) -> None:
        self.associations += 1


@contextmanager
def started(entity: AE, handlers: list[EventHandlerType]) -> Iterator[int]:
    server = entity.start_server(("127.0.0.1", 0), block=False, evt_handlers=handlers)
    assert server is not None
    assert server.socket is not None
    try:
        yield server.socket.getsockname()[1]
    finally:
        server.shutdown()


@contextmanager
def serving(
    archive: Archive, *, syntaxes: tuple[str, ...] = (ExplicitVRLittleEndian,)
) -> Iterator[DicomPeer]:
    entity = AE("ARCHIVE")
    entity.require_called_aet = True
    for sop_class in sop_classes():
        entity.add_supported_context(sop_class, list(syntaxes))
    with started(entity, [(evt.EVT_C_STORE, archive.store), (evt.EVT_ACCEPTED, archive.accepted)]) as port:
        yield DicomPeer("127.0.0.1", port, "ARCHIVE", answer_timeout_s=5)


async def send_all(peer: DicomPeer, images: list[Dataset]) -> tuple[list[Answer], int]:
    attempts: list[None] = []
    sender = DicomSender(peer, sop_classes(), backoff=QUICK)
    try:
        answers = [await sender.send(image, lambda: attempts.append(None)) for image in images]
        await sender.release()
    finally:
        await sender.close()
    return answers, len(attempts)


def sent(peer: DicomPeer, images: list[Dataset]) -> tuple[list[Answer], int]:
    return asyncio.run(asyncio.wait_for(send_all(peer, images), timeout=30))


STORED = Answer("0000", is_accepted=True)


def test_a_study_is_stored_over_one_association_as_it_was_digested() -> None:
    archive, images = Archive(), ct_images()
    with serving(archive) as peer:
        answers, attempts = sent(peer, images)
    assert answers == [STORED] * len(images)
    assert (attempts, archive.associations) == (len(images), 1)
    assert archive.stored == [str(image.SOPInstanceUID) for image in images]
    assert archive.digests == [wire_digest(image) for image in images]


def test_an_abort_in_the_middle_costs_no_image() -> None:
    archive, images = Archive(abort_at=2), ct_images()
    with serving(archive) as peer:
        answers, attempts = sent(peer, images)
    assert answers == [STORED] * len(images)
    assert archive.stored == [str(image.SOPInstanceUID) for image in images]
    assert attempts == len(images) + 1
    assert archive.associations == 2


@pytest.mark.parametrize("status", [0xA700, 0xA702, 0x0110])
def test_an_archive_out_of_resources_is_asked_again(status: int) -> None:
    archive = Archive(status, status)
    with serving(archive) as peer:
        answers, attempts = sent(peer, ct_images()[:1])
    assert (answers, attempts, archive.associations) == ([STORED], 3, 1)


@pytest.mark.parametrize("status", [0xA900, 0xC000])
def test_a_refusal_is_final(status: int) -> None:
    with serving(Archive(status)) as peer:
        answers, attempts = sent(peer, ct_images()[:1])
    assert (answers, attempts) == ([Answer(f"{status:04X}", is_accepted=False)], 1)


def test_a_warning_means_stored() -> None:
    with serving(Archive(0xB000)) as peer:
        assert sent(peer, ct_images()[:1])[0] == [Answer("B000", is_accepted=True)]


def test_a_peer_that_knows_implicit_vr_only_gets_that() -> None:
    archive, images = Archive(), ct_images()[:1]
    with serving(archive, syntaxes=(ImplicitVRLittleEndian,)) as peer:
        assert sent(peer, images)[0] == [STORED]
    assert archive.stored == [str(images[0].SOPInstanceUID)]


def test_a_sop_class_that_the_peer_does_not_take_is_refused_for_good() -> None:
    images = ct_images()[:1]
    entity = AE("ARCHIVE")
    entity.add_supported_context(next(one for one in sop_classes() if one != images[0].SOPClassUID))
    with started(entity, []) as port:
        assert sent(DicomPeer("127.0.0.1", port, "ARCHIVE"), images)[0] == [Answer("0122", is_accepted=False)]


def test_a_wrong_ae_title_is_tried_until_it_is_right() -> None:
    archive = Archive()
    with serving(archive) as peer:
        wrong = DicomPeer("127.0.0.1", peer.port, "ELSEWHERE")
        with pytest.raises(TimeoutError):
            asyncio.run(asyncio.wait_for(send_all(wrong, ct_images()[:1]), timeout=0.5))
        assert sent(peer, ct_images()[:1])[0] == [STORED]


def test_closing_does_not_wait_for_an_archive_that_says_nothing() -> None:
    async def give_up(peer: DicomPeer) -> float:
        sender = DicomSender(peer, sop_classes(), backoff=QUICK)
        sending = asyncio.create_task(sender.send(ct_images()[0], lambda: None))
        await asyncio.sleep(0.5)
        begun_at = time.monotonic()
        sending.cancel()
        with suppress(asyncio.CancelledError):
            await sending
        await sender.close()
        return time.monotonic() - begun_at

    with serving(Archive(silent_s=4.0)) as peer:
        assert asyncio.run(give_up(peer)) < 2.0
