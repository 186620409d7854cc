"""Deliveries to one destination: taken from lanes, sent, answered, said to the log, and only then done."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

import structlog

from schemas.errors import KeyDestroyed, KeyNotFound, PhiError, WrongKey
from schemas.events import Event
from schemas.parts import Phi
from schemas.phi import KeyRing, open_sealed
from schemas.sealed_letters import KafkaPlace
from schemas.topics import EVENTS
from sinks.hl7.connection import Answer, MllpConnection
from sinks.hl7.destinations import Destination
from sinks.hl7.errors import NoAnswer, NotSaid, NotSendable, Unreachable
from sinks.hl7.lanes import Lanes
from sinks.hl7.messages import control_id, render
from sinks.hl7.metrics import OutboundMetrics
from sinks.hl7.outcomes import delivered, failed, undeliverable
from sinks.hl7.saying import Said, Speaker

log = structlog.get_logger(__name__)

_AGAIN_S = 0.5


@dataclass(slots=True, eq=False)
class Job:
    """One event on its way. `attempts`: how often it was sent; `last`: what came of the last try."""

    event: Event
    value: bytes
    key: bytes | None
    partition: int
    offset: int
    read_at_s: float
    attempts: int = 0
    last: str = ""


class Delivery:
    """One destination. Everything happens in one event loop."""

    def __init__(
        self,
        destination: Destination,
        *,
        ring: KeyRing,
        speaker: Speaker,
        now: Callable[[], datetime],
        on_end: Callable[[Job], None],
    ) -> None:
        """`on_end` is called for each job when the log has what became of it."""
        self.metrics = OutboundMetrics()
        self._destination = destination
        self._ring = ring
        self._speaker = speaker
        self._now = now
        self._on_end = on_end
        self._lanes: Lanes[str, Job] = Lanes()
        self._wake = asyncio.Event()
        self._stopping = asyncio.Event()
        self._unreachable = 0

    def __len__(self) -> int:
        """Jobs that have not come to an end."""
        return len(self._lanes)

    def add(self, job: Job) -> None:
        """Deliver `job` after those of its exam that came before."""
        self._lanes.add(job.event.envelope.exam_id, job)
        self._wake.set()

    def drop(self, partitions: set[int]) -> None:
        """Forget what came of `partitions`: whoever owns them reads it again."""
        self._lanes.drop(lambda job: job.partition in partitions)

    def stop(self) -> None:
        """Begin nothing more."""
        self._stopping.set()
        self._wake.set()

    async def work(self) -> None:
        """Deliver on one connection, until `stop`."""
        connection = MllpConnection(self._destination)
        try:
            while taken := await self._next():
                exam_id, job = taken
                pause_s = await self._try(connection, job)
                if pause_s is None:
                    self._on_end(job)
                    self._lanes.done(exam_id)
                else:
                    self._lanes.again(exam_id, _clock_s() + pause_s)
                self._wake.set()
                if pause_s is not None and self._unreachable:
                    await _wait(self._stopping, pause_s)
        finally:
            await connection.close()

    async def _next(self) -> tuple[str, Job] | None:
        while not self._stopping.is_set():
            taken = self._lanes.take(_clock_s())
            if taken is not None:
                return taken
            at_s = self._lanes.next_at_s()
            await self._sleep(None if at_s is None else max(0.0, at_s - _clock_s()))
        return None

    async def _sleep(self, timeout_s: float | None) -> None:
        """Until something has changed, at most `timeout_s`."""
        self._wake.clear()
        await _wait(self._wake, timeout_s)

    async def _try(self, connection: MllpConnection, job: Job) -> float | None:
        """One attempt. None when the job has come to its end, else after how many seconds it goes on."""
        try:
            if job.last and _clock_s() - job.read_at_s > self._destination.max_age_s:
                raise NotSendable(job.last, "too old")
            content = await asyncio.to_thread(self._rendered, job)
            answer = await connection.send(content, control_id(job.event, self._destination))
            return await self._answered(job, answer)
        except KeyDestroyed:
            self.metrics.not_sent += 1
            log.info("not_sent_erased", **self._about(job))
            return None
        except NotSendable as error:
            await self._give_up(job, error)
            return None
        except Unreachable as error:
            return self._wait_for_destination(job, str(error))
        except NoAnswer as error:
            return await self._again_or_give_up(job, f"NoAnswer {error}")
        except (PhiError, OSError) as error:  # the key ring is away
            log.warning("key_ring_unavailable", error=type(error).__name__, **self._about(job))
            return self._pause_s(1)

    def _rendered(self, job: Job) -> bytes:
        envelope = job.event.envelope
        try:
            phi = Phi() if envelope.phi is None else open_sealed(self._ring, envelope.event_id, envelope.phi)
        except KeyDestroyed:
            raise
        except (KeyNotFound, WrongKey) as error:
            raise NotSendable(type(error).__name__, "the patient's data cannot be opened") from error
        return render(job.event, phi, self._destination)

    async def _answered(self, job: Job, answer: Answer) -> float | None:
        if not answer.is_accepted and not answer.is_rejected:
            return await self._again_or_give_up(job, answer.code or "no code")
        self._count_attempt(job)
        if answer.is_rejected:
            raise NotSendable(answer.code, "refused for good")
        event = delivered(job.event, self._destination.name, job.attempts, self._now())
        await self._say(lambda: [event] if event else [])
        self.metrics.delivered += 1
        log.info("delivered", attempts=job.attempts, **self._about(job))
        return None

    async def _again_or_give_up(self, job: Job, reason: str) -> float | None:
        self._count_attempt(job)
        job.last = reason
        log.warning("not_delivered", reason=reason, attempts=job.attempts, **self._about(job))
        if job.attempts < self._destination.max_attempts:
            return self._pause_s(job.attempts)
        await self._give_up(job, NotSendable(reason, "tried often enough"))
        return None

    def _wait_for_destination(self, job: Job, reason: str) -> float:
        """Nobody has seen the message: it does not count as an attempt, and no other would fare better."""
        self.metrics.unreachable += 1
        self._unreachable += 1
        job.last = "Unreachable"
        pause_s = self._pause_s(self._unreachable)
        log.warning("unreachable", destination=self._destination.name, reason=reason, again_in_s=pause_s)
        return pause_s

    def _pause_s(self, nth: int) -> float:
        doubled: float = self._destination.first_pause_s * 2.0 ** min(nth - 1, 30)
        return min(self._destination.longest_pause_s, doubled)

    async def _give_up(self, job: Job, error: NotSendable) -> None:
        name, now = self._destination.name, self._now()

        def said() -> list[Said]:
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

        await self._say(said)
        self.metrics.dead_letters += 1
        log.error("given_up", reason=error.reason, detail=error.detail, **self._about(job))

    async def _say(self, records: Callable[[], Sequence[Said]]) -> None:
        """Return when the log has it, however long Kafka or the key ring is away."""
        while True:
            try:
                await asyncio.to_thread(lambda: self._speaker.say(records()))
            except (NotSaid, PhiError, OSError) as error:
                log.warning("not_said", destination=self._destination.name, error=type(error).__name__)
                await asyncio.sleep(_AGAIN_S)
            else:
                return

    def _count_attempt(self, job: Job) -> None:
        job.attempts += 1
        self.metrics.attempts += 1
        self._unreachable = 0

    def _about(self, job: Job) -> dict[str, str]:
        return {"destination": self._destination.name, "event_id": job.event.envelope.event_id}


async def _wait(event: asyncio.Event, timeout_s: float | None) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(timeout_s):
            await event.wait()


def _clock_s() -> float:
    return asyncio.get_running_loop().time()
