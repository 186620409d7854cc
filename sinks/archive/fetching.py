"""Many objects in their order, the next ones on their way while one is worked on."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol

from sinks.archive.errors import ObjectMissing

FILES_AHEAD, DOCUMENTS_AHEAD = 3, 8


class Readable(Protocol):
    """A bucket, as far as reading goes."""

    def get(self, name: str) -> bytes:
        """The object. Raises ObjectMissing."""


def fetched(store: Readable, names: Iterable[str], ahead: int) -> Iterator[bytes | None]:
    """The content of each object; None where it is missing. Raises ArchiveUnavailable."""

    def get(name: str) -> bytes | None:
        try:
            return store.get(name)
        except ObjectMissing:
            return None

    waiting: deque[Future[bytes | None]] = deque()
    with ThreadPoolExecutor(ahead) as pool:
        for name in names:
            waiting.append(pool.submit(get, name))
            if len(waiting) > ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
