"""The allocator's arenas are limited in a process that asks for it."""

from __future__ import annotations

import subprocess
import sys

# Threads that allocate side by side: with the default each would get an arena of its own.
_PROGRAM = """
import ctypes, threading
from runtime.allocator import limit_arenas
limit_arenas(2)
together = threading.Barrier(6)
def work():
    together.wait()
    kept = [bytes(1000) for _ in range(1000)]
    together.wait()
threads = [threading.Thread(target=work) for _ in range(6)]
for thread in threads: thread.start()
for thread in threads: thread.join()
ctypes.CDLL(None).malloc_stats()
"""


def test_threads_share_as_few_arenas_as_were_asked_for() -> None:
    done = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=True)
    assert done.stderr.count("Arena ") <= 2
    assert "Arena 0" in done.stderr
