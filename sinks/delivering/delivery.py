"""Deliveries to one destination: taken from lanes, sent, answered, said to the log, and only then done."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress

import structlog

from schemas.errors import KeyDestroyed, PhiError
from sinks.delivering.errors import NoAnswer, NotReady, NotSaid, NotSendable, NotTaken, Refused, Unreachable
from sinks.delivering.job import AnyJob, Carrier, Line, Receiver
from sinks.delivering.lanes import Lanes
from sinks.delivering.metrics import OutboundMetrics
from sinks.delivering.saying import Said, Speaker

log = structlog.get_logger(__name__)

_AGAIN_S = 0.5
# With its partition: what goes to somebody else goes with whole lanes.
_Lane = tuple[int, str]


class Delivery:
    """One destination. Everything happens in one event loop."""

    def __init__(
        self,
        destination: Receiver,
        carrier: Carrier,
        *,
        speaker: Speaker,
        on_end: Callable[[AnyJob], None],
    ) -> None:
        """`on_end` is called for each job when the log has what became of it."""
        self.metrics = OutboundMetrics()
        self._destination = destination
        self._carrier = carrier
        self._speaker = speaker
        self._on_end = on_end
        self._lanes: Lanes[_Lane, AnyJob] = Lanes()
        self._wake = asyncio.Event()
        self._stopping = asyncio.Event()
        self._unreachable = 0

    def __len__(self) -> int:
        """Jobs that have not come to an end."""
        return len(self._lanes)

    def add(self, job: AnyJob) -> None:
        """Deliver `job` after those of its lane that came before."""
        self._lanes.add((job.partition, job.lane), job)
        self._wake.set()

    def drop(self, partitions: set[int]) -> None:
        """Forget what came of `partitions`: whoever owns them reads it again."""
        self._lanes.drop(lambda job: job.partition in partitions)

    def stop(self) -> None:
        """Begin nothing more."""
        self._stopping.set()
        self._wake.set()

    async def work(self) -> None:
        """Deliver on one line, until `stop`."""
        line = self._carrier.line()
        try:
            while taken := await self._next():
                lane, job = taken
                pause_s = await self._try(line, job)
                if pause_s is None:
                    self._on_end(job)
                    self._lanes.done(lane)
                else:
                    self._lanes.again(lane, _clock_s() + pause_s)
                self._wake.set()
                if pause_s is not None and self._unreachable:
                    await _wait(self._stopping, pause_s)
        finally:
            await line.close()

    async def _next(self) -> tuple[_Lane, AnyJob] | None:
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

    async def _try(self, line: Line, job: AnyJob) -> float | None:
        """One attempt. None when the job has come to its end, else after how many seconds it goes on."""
        try:
            if job.last and _clock_s() - job.read_at_s > self._destination.max_age_s:
                raise NotSendable(job.last, "too old")
            await line.send(job)
            await self._delivered(job)
        except KeyDestroyed:
            self.metrics.not_sent += 1
            log.info("not_sent_erased", **self._about(job))
        except NotSendable as error:
            if isinstance(error, Refused):
                self._count_attempt(job)
            await self._give_up(job, error)
        except Unreachable as error:
            return self._wait_for_destination(job, str(error))
        except NotTaken as error:
            reason = f"NoAnswer {error}" if isinstance(error, NoAnswer) else str(error)
            return await self._again_or_give_up(job, reason)
        except (PhiError, OSError, NotReady) as error:  # the key ring or a store is away
            log.warning("not_ready", error=type(error).__name__, **self._about(job))
            return self._pause_s(1)
        return None

    async def _delivered(self, job: AnyJob) -> None:
        self._count_attempt(job)
        await self._say(lambda: self._carrier.delivered(job))
        self.metrics.delivered += 1
        log.info("delivered", attempts=job.attempts, **self._about(job))

    async def _again_or_give_up(self, job: AnyJob, reason: str) -> float | None:
        self._count_attempt(job)
        job.last = reason
        log.warning("not_delivered", reason=reason, attempts=job.attempts, **self._about(job))
        if job.attempts < self._destination.max_attempts:
            return self._pause_s(job.attempts)
        await self._give_up(job, NotSendable(reason, "tried often enough"))
        return None

    def _wait_for_destination(self, job: AnyJob, reason: str) -> float:
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

    async def _give_up(self, job: AnyJob, error: NotSendable) -> None:
        await self._say(lambda: self._carrier.given_up(job, error))
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

    def _count_attempt(self, job: AnyJob) -> None:
        job.attempts += 1
        self.metrics.attempts += 1
        self._unreachable = 0

    def _about(self, job: AnyJob) -> dict[str, str]:
        return {"destination": self._destination.name, "event_id": job.record_id}


async def _wait(event: asyncio.Event, timeout_s: float | None) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(timeout_s):
            await event.wait()


def _clock_s() -> float:
    return asyncio.get_running_loop().time()
