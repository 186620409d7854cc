"""What a listener has done so far, for its log."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(slots=True)
class Counts:
    """Messages since the start.

    accepted: answered AA. rejected: dead-lettered, and answered AE or AR. unavailable: answered AE without
    anything being wrong with them. repeated: accepted before, and not published again.
    silent: mapped, and nothing in them is an event. reused_control_ids: accepted, but their control id had
    stood for another content.
    """

    received: int = 0
    accepted: int = 0
    rejected: int = 0
    unavailable: int = 0
    repeated: int = 0
    silent: int = 0
    reused_control_ids: int = 0

    def as_log(self) -> dict[str, int]:
        """By name."""
        return asdict(self)
