"""The files of the tests that failed last, once more and by themselves: `python -m tests.again`.

Beside many others a process may come later than a test waits, on a machine that is busy enough. What passes
by itself is told as such, for it is still something to look at; a fault fails again. Whole files run, since
their tests may build on each other. Where many files failed it is no accident, and none runs.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

_FAILED = Path(".pytest_cache/v/cache/lastfailed")
_MOST_FILES = 3


def files_of(failed: Iterable[str]) -> list[str]:
    """The files of these tests, each once; none if there are too many to be an accident."""
    files = sorted({test.partition("::")[0] for test in failed})
    return files if len(files) <= _MOST_FILES else []


def main() -> int:
    """The exit code of pytest, or 1 where nothing was run."""
    failed = json.loads(_FAILED.read_text("utf-8")) if _FAILED.exists() else {}
    files = files_of(failed)
    if not files:
        return 1
    _tell("again, by themselves:", *files)
    code = subprocess.run([sys.executable, "-m", "pytest", *files], check=False).returncode
    if code == 0:
        _tell("passed by themselves, failed beside others, to be looked at:", *failed)
    return code


def _tell(*lines: str) -> None:
    sys.stdout.write("\n  ".join(lines) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
