"""How long storage commitment tries what."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitmentConfig:
    """wait_s: for images that are not archived yet; then they have failed. give_up_s: for the report.

    Time that the listener was down counts for neither.
    look_every_s: for the images at first, then less and less often.
    first_pause_s, longest_pause_s: between attempts to report, doubled each time.
    """

    wait_s: float = 600.0
    give_up_s: float = 24 * 3600.0
    look_every_s: float = 1.0
    first_pause_s: float = 1.0
    longest_pause_s: float = 300.0
