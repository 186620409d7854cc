"""A key ring for the event loop: it never makes a key, since a new key is synced to the disk."""

from __future__ import annotations

import asyncio
import queue
import threading

from schemas.phi import Generations, KeyRing

# Two halves of it. Who is forgotten costs a look into the ring, in the other thread.
_KNOWN_SUBJECTS = 40_000


class KeyNotReady(Exception):
    """`subject` may have no key yet: `make` it in a thread, and try again."""

    def __init__(self, subject: str) -> None:
        super().__init__("a key has to be made first")
        self.subject = subject


class ReadyKeys:
    """Those subjects of `ring` whose key was made or read before."""

    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring
        self._ready: set[str] = set()
        self._ready_before: set[str] = set()

    def make(self, subject: str) -> None:
        """Make or read the subject's key; blocks. Raises what the ring raises."""
        self._ring.current_key(subject)
        if len(self._ready) >= _KNOWN_SUBJECTS // 2:
            self._ready, self._ready_before = set(), self._ready
        self._ready.add(subject)

    def current_key(self, subject: str) -> tuple[str, bytes]:
        """Raises KeyNotReady."""
        if subject not in self._ready and subject not in self._ready_before:
            raise KeyNotReady(subject)
        return self._ring.current_key(subject)

    def key(self, key_id: str) -> bytes:
        """As the ring's."""
        return self._ring.key(key_id)

    def generations(self, subject: str) -> Generations:
        """As the ring's."""
        return self._ring.generations(subject)

    def destroy(self, subject: str) -> int:
        """As the ring's."""
        self._ready.discard(subject)
        self._ready_before.discard(subject)
        return self._ring.destroy(subject)


class KeyMaker:
    """Makes keys for the event loop, in a few threads.

    A key is a dozen calls to the system, and after each its thread waits for the interpreter's lock, which a
    busy loop gives away rarely: one thread alone would keep new patients waiting.
    """

    def __init__(self, keys: ReadyKeys, threads: int = 6) -> None:
        """To be made in the loop that waits."""
        self._keys = keys
        self._loop = asyncio.get_running_loop()
        self._wanted: dict[str, asyncio.Future[None]] = {}
        self._queue: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._threads = [
            threading.Thread(target=self._work, name=f"key-maker-{number}", daemon=True)
            for number in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def make(self, subject: str) -> asyncio.Future[None]:
        """Done when the subject's key is there; has what the ring raised where it cannot be."""
        made = self._wanted.get(subject)
        if made is None:
            made = self._wanted[subject] = self._loop.create_future()
            self._queue.put(subject)
        return made

    def close(self) -> None:
        """End the threads, after what they were given."""
        for _ in self._threads:
            self._queue.put(None)
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while (subject := self._queue.get()) is not None:
            error: Exception | None = None
            try:
                self._keys.make(subject)
            except Exception as fault:  # noqa: BLE001 - any: it belongs to who waits for the key
                error = fault
            self._loop.call_soon_threadsafe(self._made, subject, error)

    def _made(self, subject: str, error: Exception | None) -> None:
        made = self._wanted.pop(subject)
        if made.done():  # who waited was stopped
            return
        if error is None:
            made.set_result(None)
        else:
            made.set_exception(error)
