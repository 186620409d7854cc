"""Python's garbage collector, for processes that serve for months."""

from __future__ import annotations

import gc
from collections.abc import Callable


def leaving_out_what_stays(ready: Callable[[], None]) -> Callable[[], None]:
    """`ready`, after which the collector looks no more at what there is by then.

    Modules and dictionaries (the library's of DICOM alone have 100,000 objects) stay for ever, and each full
    collection would walk through all of them while every thread waits.
    """

    def frozen() -> None:
        gc.collect()
        gc.freeze()
        ready()

    return frozen
