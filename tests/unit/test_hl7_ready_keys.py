"""Keys are made beside the event loop, once for all who wait, and what is remembered of them is bounded."""

from __future__ import annotations

import asyncio
import threading

import pytest

from producers.hl7 import ready_keys
from producers.hl7.ready_keys import KeyMaker, KeyNotReady, ReadyKeys
from producers.throwaway_keys import ThrowawayKeyRing
from schemas.errors import KeyRingUnusable


class _SlowRing(ThrowawayKeyRing):
    """Makes keys when it is let; counts them, and in which thread."""

    def __init__(self) -> None:
        super().__init__()
        self.may = threading.Event()
        self.made: list[str] = []
        self.threads: set[str] = set()

    def current_key(self, subject: str) -> tuple[str, bytes]:
        self.may.wait(10)
        self.made.append(subject)
        self.threads.add(threading.current_thread().name)
        return super().current_key(subject)


class _BrokenRing(ThrowawayKeyRing):
    def current_key(self, subject: str) -> tuple[str, bytes]:
        raise KeyRingUnusable(f"{len(subject)} characters")


def test_all_who_wait_for_a_subject_share_one_key_that_another_thread_makes() -> None:
    async def scenario() -> None:
        ring = _SlowRing()
        keys = ReadyKeys(ring)
        maker = KeyMaker(keys, threads=1)
        try:
            waiting = [maker.make("a"), maker.make("a"), maker.make("b")]
            assert not any(made.done() for made in waiting)  # the loop goes on meanwhile
            ring.may.set()
            await asyncio.gather(*waiting)
        finally:
            maker.close()
        assert ring.made == ["a", "b"]
        assert ring.threads == {"key-maker-0"}
        assert keys.current_key("a")[0] == "a/1"

    asyncio.run(scenario())


def test_what_the_ring_raises_reaches_who_waits_and_the_next_one_asks_the_ring_again() -> None:
    async def scenario() -> None:
        maker = KeyMaker(ReadyKeys(_BrokenRing()))
        try:
            for _ in range(2):
                with pytest.raises(KeyRingUnusable):
                    await maker.make("a")
        finally:
            maker.close()

    asyncio.run(scenario())


def test_nobody_waits_any_more_when_the_key_is_there() -> None:
    async def scenario() -> None:
        ring = _SlowRing()
        maker = KeyMaker(ReadyKeys(ring), threads=1)
        try:
            maker.make("a").cancel()
            ring.may.set()
            await maker.make("b")
        finally:
            maker.close()
        assert ring.made == ["a", "b"]

    asyncio.run(scenario())


def test_the_subjects_that_are_remembered_are_bounded_and_the_latest_are_among_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ready_keys, "_KNOWN_SUBJECTS", 10)
    keys = ReadyKeys(ThrowawayKeyRing())
    for number in range(100):
        keys.make(str(number))
    for number in range(95, 100):
        keys.current_key(str(number))
    with pytest.raises(KeyNotReady):
        keys.current_key("80")
