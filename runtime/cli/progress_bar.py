"""A bar for each thing that takes its time."""

from __future__ import annotations

from collections.abc import Callable

from rich.progress import Progress, TaskID

Tell = Callable[[str, int, int], None]
"""What is being done, how much of it is done, and how much there is."""


def bar_teller(bar: Progress) -> Tell:
    """Shows what it is told in `bar`."""
    tasks: dict[str, TaskID] = {}

    def tell(what: str, done: int, total: int) -> None:
        if what not in tasks:
            tasks[what] = bar.add_task(what, total=total)
        bar.update(tasks[what], completed=done, total=total)

    return tell
