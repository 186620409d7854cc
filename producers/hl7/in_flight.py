"""How much all connections together hold: messages without an answer, and their bytes, both bounded."""

from __future__ import annotations

from collections.abc import Callable


class InFlight:
    """Shared by the connections of a listener. Who finds it full reads no further until it is called."""

    def __init__(self, max_messages: int, max_bytes: int) -> None:
        self._max_messages = max_messages
        self._max_bytes = max_bytes
        self._waiting: dict[Callable[[], None], None] = {}
        self.messages = 0
        self.size_bytes = 0

    @property
    def is_full(self) -> bool:
        """Whether nobody may read further."""
        return self.messages >= self._max_messages or self.size_bytes >= self._max_bytes

    def add(self, messages: int, size_bytes: int) -> None:
        """Both may be negative. Wakes who waits when there is room again."""
        self.messages += messages
        self.size_bytes += size_bytes
        if self._waiting and not self.is_full:
            waiting, self._waiting = self._waiting, {}
            for wake in waiting:
                wake()

    def wait(self, wake: Callable[[], None]) -> None:
        """Call `wake` once when there is room."""
        self._waiting[wake] = None

    def forget(self, wake: Callable[[], None]) -> None:
        """Do not call it any more."""
        self._waiting.pop(wake, None)
