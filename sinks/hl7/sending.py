"""Events to one destination over MLLP, and what is said of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from schemas.errors import KeyDestroyed, KeyNotFound, WrongKey
from schemas.parts import Phi
from schemas.phi import KeyRing, open_sealed
from schemas.sealed_letters import KafkaPlace
from schemas.topics import EVENTS
from sinks.delivering.errors import NotSendable, NotTaken, Refused
from sinks.delivering.job import Job
from sinks.delivering.saying import Said
from sinks.hl7.connection import MllpConnection
from sinks.hl7.destinations import Destination
from sinks.hl7.messages import control_id, render
from sinks.hl7.outcomes import delivered, failed, undeliverable


class MllpLine:
    """One MLLP connection to the destination."""

    def __init__(self, destination: Destination, ring: KeyRing) -> None:
        self._destination = destination
        self._ring = ring
        self._connection = MllpConnection(destination)

    async def send(self, job: Job) -> None:
        """As Line has it: taken is what was answered AA or CA."""
        content = await asyncio.to_thread(self._rendered, job)
        answer = await self._connection.send(content, control_id(job.event, self._destination))
        if answer.is_rejected:
            raise Refused(answer.code, "refused for good")
        if not answer.is_accepted:
            raise NotTaken(answer.code or "no code")

    async def close(self) -> None:
        """Hang up."""
        await self._connection.close()

    def _rendered(self, job: Job) -> bytes:
        envelope = job.event.envelope
        try:
            phi = Phi() if envelope.phi is None else open_sealed(self._ring, envelope.event_id, envelope.phi)
        except KeyDestroyed:
            raise
        except (KeyNotFound, WrongKey) as error:
            raise NotSendable(type(error).__name__, "the patient's data cannot be opened") from error
        return render(job.event, phi, self._destination)


class Hl7Carrier:
    """Carrier of one destination."""

    def __init__(self, destination: Destination, ring: KeyRing, now: Callable[[], datetime]) -> None:
        self._destination = destination
        self._ring = ring
        self._now = now

    def line(self) -> MllpLine:
        """A connection."""
        return MllpLine(self._destination, self._ring)

    def counts(self) -> Mapping[str, int]:
        """None of its own."""
        return {}

    def delivered(self, job: Job) -> Sequence[Said]:
        """ReportDelivered, of a report."""
        event = delivered(job.event, self._destination.name, job.attempts, self._now())
        return [] if event is None else [event]

    def given_up(self, job: Job, error: NotSendable) -> Sequence[Said]:
        """The dead letter, and ReportDeliveryFailed of a report. Raises PhiError, OSError."""
        name, now = self._destination.name, self._now()
        letter = undeliverable(
            self._ring,
            job.event,
            job.value,
            KafkaPlace(topic=EVENTS, partition=job.partition, key=job.key),
            destination=name,
            reason=error.reason,
            detail=f"{type(job.event).__name__}: {error.detail}, {job.attempts} attempts",
            now=now,
        )
        event = failed(job.event, name, job.attempts, error.reason, now)
        return [letter] if event is None else [letter, event]
