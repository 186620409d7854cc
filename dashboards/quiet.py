"""When silence has lasted so long that the other side should be asked whether it is there."""

from __future__ import annotations

import time

_ASK_AFTER_S = 2.0


class Quiet:
    """Measures silence."""

    def __init__(self) -> None:
        """It begins now."""
        self._since_s = time.monotonic()

    def long_enough(self, heard: bool) -> bool:  # noqa: FBT001 - one question, one answer
        """Whether it was quiet for so long that Kafka should be asked whether it is there."""
        now_s = time.monotonic()
        if heard:
            self._since_s = now_s
        elif now_s - self._since_s >= _ASK_AFTER_S:
            self._since_s = now_s
            return True
        return False
