"""What the C library's allocator keeps of memory that was freed."""

from __future__ import annotations

import ctypes
from contextlib import suppress

_M_ARENA_MAX = -8  # malloc.h


def limit_arenas(count: int) -> None:
    """At most so many arenas of glibc's malloc, for a process with many threads; other libraries have none.

    Each arena keeps what its threads needed once: with the default, eight for each core, a listener that got
    some large objects held 300 MB more after them, with two 60 MB. To be called before threads are started.
    """
    with suppress(AttributeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, count)
