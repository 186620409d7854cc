"""How the fold's agent gathers events: what comes after a pause goes at once, a stream goes in batches."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

from processors.agent import FoldAgent
from processors.config import FoldConfig
from processors.flush import Flusher
from processors.fold import LogMessage
from processors.intake import Fetched, Intake
from schemas.keyring_config import FileKeyRingConfig


class Recorded:
    """Takes batches as the flusher does, and notes when each came."""

    def __init__(self) -> None:
        self.batches: list[tuple[float, list[int]]] = []

    async def flush(self, fetches: Sequence[Fetched]) -> None:
        """Takes all of it."""
        offsets = [record.offset for fetched in fetches for record in fetched.records]
        self.batches.append((asyncio.get_running_loop().time(), offsets))

    def events(self) -> list[int]:
        """All that came, in order."""
        return [event for _, batch in self.batches for event in batch]


class Stream:
    """Gives nothing: what is fetched goes to the intake."""

    def noack(self) -> Stream:
        """As Faust's."""
        return self

    async def events(self) -> AsyncIterator[int]:
        """As Faust's; ends only when it is cancelled."""
        await asyncio.sleep(3600)
        yield 0


def _flushed(pauses_s: Sequence[float], **settings: Any) -> Recorded:
    recorded = Recorded()
    config = FoldConfig(
        kafka_bootstrap="",
        registry_url="",
        state_directory=Path(),
        partitions=1,
        key_ring=FileKeyRingConfig(directory=Path(), site_key=b""),
        site="GENERAL",
        now=lambda: datetime.now(UTC),
        **settings,
    )

    async def body() -> None:
        intake = Intake(config.batch_events, config.batch_bytes)
        running = asyncio.ensure_future(FoldAgent(cast("Flusher", recorded), intake, config)(Stream()))
        feeding = asyncio.ensure_future(_feed(intake, pauses_s))
        async with asyncio.timeout(120):
            while len(recorded.events()) < len(pauses_s):  # noqa: ASYNC110 - nothing to wait for
                await asyncio.sleep(0.005)
        running.cancel()
        await asyncio.gather(running, feeding, return_exceptions=True)

    asyncio.run(body())
    assert recorded.events() == list(range(len(pauses_s)))
    return recorded


async def _feed(intake: Intake, pauses_s: Sequence[float]) -> None:
    """One fetch of one event each, after so many seconds, as there is room."""
    for number, pause_s in enumerate(pauses_s):
        await asyncio.sleep(pause_s)
        await intake.wait_for_room(120.0)
        intake.put(Fetched(0, 0, [LogMessage(0, number, b"k", b"v")]))


def test_what_comes_after_a_pause_does_not_wait_for_company() -> None:
    assert len(_flushed([0.0], batch_wait_s=60.0).batches) == 1


def test_a_stream_is_flushed_no_more_often_than_the_wait_says() -> None:
    recorded = _flushed([0.002] * 100, batch_wait_s=0.1)
    began = [at_s for at_s, _ in recorded.batches]
    assert all(later - earlier > 0.09 for earlier, later in pairwise(began))


def test_a_full_batch_does_not_wait() -> None:
    # On a busy machine the first batch may not be full yet; then the last is not, and waits.
    recorded = _flushed([0.0] * 40, batch_events=10, batch_wait_s=20.0)
    assert max(len(batch) for _, batch in recorded.batches) <= 10
    began = [at_s for at_s, _ in recorded.batches]
    assert began[2] - began[0] < 20.0
