"""One destination: its log read in a thread, delivered in the event loop, committed when it has arrived."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

import structlog
from confluent_kafka import Message

from schemas.errors import RegistryUnavailable
from sinks.delivering.config import OutletConfig
from sinks.delivering.delivery import Delivery
from sinks.delivering.errors import Stopped, Unavailable
from sinks.delivering.job import AnyJob, Carrier, Choose, JobOf, Receiver, WantedOf
from sinks.delivering.progress import Progress
from sinks.delivering.reading import LogReader
from sinks.delivering.saying import Speaker

log = structlog.get_logger(__name__)

_READ_MOST = 200
_READ_WAIT_S = 0.1
_AGAIN_S = 1.0
_REPORT_EVERY_S = 10.0

Given = TypeVar("Given")


class Outlet:
    """One destination: reads the log in a thread of its own, delivers in the event loop."""

    def __init__(
        self,
        config: OutletConfig,
        destination: Receiver,
        carrier: Carrier,
        *,
        choose: Choose,
        speaker: Speaker,
    ) -> None:
        self._config = config
        self._destination = destination
        self._choose = choose
        self._carrier = carrier
        self._progress = Progress()
        self._delivery = Delivery(destination, carrier, speaker=speaker, on_end=self._finish)
        self._reader = LogReader(destination, config.kafka_bootstrap, config.instance_id, config.topic)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=destination.group_id)
        self._report_at_s = 0.0

    @property
    def name(self) -> str:
        """The destination's."""
        return self._destination.name

    async def run(self, stop: asyncio.Event, started: Callable[[], None]) -> None:
        """Until `stop`; what is under way then has a moment to be answered.

        Raises Unavailable where another process took our place in the group.
        """
        try:
            with suppress(Stopped):
                await until_available(stop, partial(self._in_thread, self._reader.subscribe))
                started()
                await self._serve(stop)
        finally:
            await self._in_thread(self._reader.close)
            self._thread.shutdown()

    async def _serve(self, stop: asyncio.Event) -> None:
        reading = asyncio.create_task(self._read(stop))
        workers = [asyncio.create_task(self._delivery.work()) for _ in range(self._destination.connections)]
        try:
            await asyncio.wait([*workers, reading], return_when=asyncio.FIRST_COMPLETED)
            self._delivery.stop()
            await asyncio.wait(workers, timeout=self._config.stop_timeout_s)
        finally:
            for task in (*workers, reading):
                task.cancel()
            outcomes = await asyncio.gather(*workers, reading, return_exceptions=True)
        await self._commit()
        for outcome in outcomes:
            if isinstance(outcome, Exception) and not isinstance(outcome, Stopped):
                raise outcome

    async def _read(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            is_full = len(self._delivery) >= self._config.max_pending
            messages = await self._in_thread(partial(self._read_some, is_full=is_full))
            self._forget(self._reader.take_lost())
            if messages:
                choose = partial(self._in_thread, partial(self._chosen, messages))
                for message, wanted in zip(messages, await until_available(stop, choose), strict=True):
                    self._take(message, wanted)
            await self._commit()
            await self._report()

    def _read_some(self, *, is_full: bool) -> list[Message]:
        self._reader.hold(is_full=is_full)
        return self._reader.read(_READ_MOST, _READ_WAIT_S)

    def _forget(self, lost: set[int]) -> None:
        if lost:
            self._delivery.drop(lost)
        for partition in lost:
            self._progress.forget(partition)

    def _chosen(self, messages: Sequence[Message]) -> list[Sequence[WantedOf[Any]]]:
        return self._choose([(dict(m.headers() or []).get("ce_type"), m.value()) for m in messages])

    def _take(self, message: Message, wanted: Sequence[WantedOf[Any]]) -> None:
        partition, offset, value = message.partition(), message.offset(), message.value()
        assert partition is not None and offset is not None  # noqa: S101, PT018 - no error, so a message
        self._progress.take(partition, offset, len(wanted))
        read_at_s = asyncio.get_running_loop().time()
        for one in wanted:
            job = JobOf(one.lane, one.event, value or b"", message.key(), partition, offset, read_at_s)
            self._delivery.add(job)

    def _finish(self, job: AnyJob) -> None:
        self._progress.finish(job.partition, job.offset)

    async def _commit(self) -> None:
        offsets = self._progress.to_commit()
        if offsets:
            self._progress.committed(await self._in_thread(partial(self._reader.commit, offsets)))

    async def _report(self) -> None:
        now_s = asyncio.get_running_loop().time()
        if now_s < self._report_at_s:
            return
        self._report_at_s = now_s + _REPORT_EVERY_S
        metrics = self._delivery.metrics
        metrics.pending, metrics.lag = len(self._delivery), await self._in_thread(self._reader.lag)
        log.info(
            "outbound_progress",
            destination=self._destination.name,
            **metrics.snapshot(),
            **self._carrier.counts(),
        )

    async def _in_thread(self, call: Callable[[], Given]) -> Given:
        return await asyncio.get_running_loop().run_in_executor(self._thread, call)


async def until_available(stop: asyncio.Event, attempt: Callable[[], Awaitable[Given]]) -> Given:
    """What `attempt` gives, as soon as it gives it. Raises Stopped."""
    while not stop.is_set():
        try:
            return await attempt()
        except (Unavailable, RegistryUnavailable) as error:
            log.warning("waiting", for_=str(error), again_in_s=_AGAIN_S)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), _AGAIN_S)
    raise Stopped


async def run_outlets(
    outlets: Sequence[Outlet], stop: asyncio.Event, ready: Callable[[], None] | None = None
) -> None:
    """All of them until `stop`; `ready` is called once every one's log is subscribed."""
    left = len(outlets)

    def started() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            log.info("delivering", destinations=[outlet.name for outlet in outlets])
            if ready is not None:
                ready()

    async with asyncio.TaskGroup() as group:
        for outlet in outlets:
            group.create_task(outlet.run(stop, started))
