"""Which part of history is wanted. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sinks.archive.exam_search import is_of
from sinks.history.times import Times

Sense = Literal["recorded", "occurred"]
"""recorded: when we learned of it. occurred: when it happened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Messages from `from_us` on and before `until_us`, and of one exam. None: all.

    sense: by which of its two times a message is chosen. exam: an exam id, or an accession number alone.
    """

    from_us: int | None = None
    until_us: int | None = None
    exam: str | None = None
    sense: Sense = "recorded"

    @property
    def is_everything(self) -> bool:
        """Whether nothing is left out."""
        return self.from_us is None and self.until_us is None and self.exam is None

    @property
    def needs_times(self) -> bool:
        """Whether a message's times decide."""
        return self.from_us is not None or self.until_us is not None

    def is_of_exam(self, key: bytes | None) -> bool:
        """Whether a message with this key may be wanted."""
        return self.exam is None or is_of(key, self.exam)

    def is_in_time(self, times: Times) -> bool:
        """Whether a message of these times may be wanted."""
        at_us = times.recorded_us if self.sense == "recorded" else times.occurred_us
        if self.from_us is not None and at_us < self.from_us:
            return False
        return self.until_us is None or at_us < self.until_us

    def asked(self) -> dict[str, str]:
        """As it was asked for, to be compared with what is asked for later."""
        named = {"from_us": self.from_us, "until_us": self.until_us, "exam": self.exam}
        said = {name: str(value) for name, value in named.items() if value is not None}
        return {**said, "sense": self.sense} if self.needs_times else said
