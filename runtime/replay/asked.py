"""What is asked of a replay into views, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from runtime.fast_rebuild.run import Rebuilt
from runtime.replay.comparing import Comparison
from runtime.replay.generation import AT_ONCE, Generation
from sinks.history.selection import Selection

Tell = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToView:
    """What is asked for. views: their names. speed: so many times as fast as it was recorded; None: as fast
    as it goes. wait_s: for a fold or a sink that is behind. fast: most exams at once, as columns; verify:
    then the archive's files are held against their digests.
    """

    views: Sequence[str]
    selection: Selection
    swap: bool = False
    speed: float | None = None
    wait_s: float = 60.0
    fast: bool = False
    verify: bool = True
    tell: Tell = lambda *_: None

    def part(self) -> dict[str, str]:
        """What tells its generations from others of these views: the part of history, how they are made."""
        return {**self.selection.asked(), **(AT_ONCE if self.fast else {})}


@dataclass(frozen=True, slots=True)
class Made:
    """The generation, and what the comparison found; None where it was found before, and swapped in now.

    rebuilt: what was made at once, where it was.
    """

    generation: Generation
    comparison: Comparison | None
    rebuilt: Rebuilt | None = None
