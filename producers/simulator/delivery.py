"""Brings one exam to the pipeline, step after step, and writes down each answer before the next step."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from typing import Generic, TypeVar

import structlog
from pydicom import Dataset

from producers.simulator.dicom_sender import DicomSender, wire_digest
from producers.simulator.exam import SimulatedExam, Step
from producers.simulator.hl7_messages import Hl7Message, message_of
from producers.simulator.images import images_of
from producers.simulator.ledger import Ledger
from producers.simulator.ledger_entries import Cargo, Kind, LedgerEntry, LedgerSummary
from producers.simulator.mllp_sender import Answer, MllpSender
from schemas.identity import exam_id_of_accession

S = TypeVar("S")
_log = structlog.get_logger(__name__)


class Pool(Generic[S]):
    """Senders that exams take turns in."""

    def __init__(self, senders: Sequence[S]) -> None:
        self.senders = tuple(senders)
        self._idle: asyncio.LifoQueue[S] = asyncio.LifoQueue()
        self._waiting = 0
        for sender in senders:
            self._idle.put_nowait(sender)

    @property
    def is_wanted(self) -> bool:
        """Whether another exam waits for a sender."""
        return self._waiting > 0

    @asynccontextmanager
    async def one(self) -> AsyncIterator[S]:
        """A sender that nobody else uses meanwhile."""
        self._waiting += 1
        try:
            sender = await self._idle.get()
        finally:
            self._waiting -= 1
        try:
            yield sender
        finally:
            self._idle.put_nowait(sender)


class Delivery:
    """Where exams are brought to: listeners, ledger, and who wants to know about it."""

    def __init__(
        self,
        *,
        run_id: str,
        ledger: Ledger,
        hl7: Pool[MllpSender],
        dicom: Pool[DicomSender],
        until: Callable[[datetime], Awaitable[None]],
        progress: Callable[[LedgerSummary], None] | None,
        is_full_size: bool,
    ) -> None:
        """`until` waits for an instant of the department's day to come."""
        self._run_id = run_id
        self._ledger = ledger
        self._hl7 = hl7
        self._dicom = dicom
        self._until = until
        self._progress = progress
        self._is_full_size = is_full_size

    async def deliver(self, exam: SimulatedExam) -> None:
        """Send all of `exam` that is not answered yet, strictly in order. Raises OSError (the ledger's)."""
        if self._ledger.tally.is_finished(exam.index):
            return
        for step, at in exam.timeline:
            if (message := message_of(exam, step)) is not None:
                await self._deliver_message(exam, message, at)
            elif step is Step.IMAGES_SENT:
                await self._deliver_images(exam, at)
        await self._ledger.record(self._entry(Kind.EXAM_FINISHED, exam))
        self._report()

    async def _deliver_message(self, exam: SimulatedExam, message: Hl7Message, at: datetime) -> None:
        if self._ledger.tally.is_answered(exam.index, message.control_id):
            return
        await self._until(at)
        attempt = self._attempt(exam, Cargo.HL7, message.control_id)
        async with self._hl7.one() as sender:
            answer = await sender.send(message.content, message.control_id, attempt)
        await self._ledger.record(
            replace(
                self._entry(_kind(answer), exam),
                cargo=Cargo.HL7,
                id=message.control_id,
                trigger=message.trigger,
                events=message.events,
                answer=answer.code,
                size=len(message.content),
                sha256=hashlib.sha256(message.content).hexdigest(),
            )
        )
        self._tell_refusal(exam, answer, message.control_id)
        self._report()

    async def _deliver_images(self, exam: SimulatedExam, at: datetime) -> None:
        tally = self._ledger.tally
        if all(tally.is_answered(exam.index, uid) for uid in exam.instance_uids):
            return
        await self._until(at)
        images = await asyncio.to_thread(images_of, exam, is_full_size=self._is_full_size)
        async with self._dicom.one() as sender:
            for image in images:
                if not tally.is_answered(exam.index, image.SOPInstanceUID):
                    await self._deliver_image(exam, image, sender)
            if not self._dicom.is_wanted:
                await sender.release()

    async def _deliver_image(self, exam: SimulatedExam, image: Dataset, sender: DicomSender) -> None:
        uid = str(image.SOPInstanceUID)
        size, digest = await asyncio.to_thread(wire_digest, image)
        answer = await sender.send(image, self._attempt(exam, Cargo.INSTANCE, uid))
        await self._ledger.record(
            replace(
                self._entry(_kind(answer), exam),
                cargo=Cargo.INSTANCE,
                id=uid,
                answer=answer.code,
                size=size,
                sha256=digest,
            )
        )
        self._tell_refusal(exam, answer, uid)
        self._report()

    def _attempt(self, exam: SimulatedExam, cargo: Cargo, what: str) -> Callable[[], None]:
        return lambda: self._ledger.note(
            LedgerEntry(kind=Kind.SENT, run=self._run_id, exam=exam.index, cargo=cargo, id=what)
        )

    def _entry(self, kind: Kind, exam: SimulatedExam) -> LedgerEntry:
        exam_id = exam_id_of_accession(exam.site, exam.accession_number)
        return LedgerEntry(kind=kind, run=self._run_id, exam=exam.index, exam_id=exam_id)

    def _tell_refusal(self, exam: SimulatedExam, answer: Answer, what: str) -> None:
        if not answer.is_accepted:
            _log.error(
                "simulator.refused", accession_number=exam.accession_number, id=what, answer=answer.code
            )

    def _report(self) -> None:
        if self._progress is not None:
            self._progress(self._ledger.tally.summary())


def _kind(answer: Answer) -> Kind:
    return Kind.ACKNOWLEDGED if answer.is_accepted else Kind.REFUSED
