"""Becomes another program that the kernel kills when the supervisor dies, even by kill -9.

Usage: `python -I -S tether.py SUPERVISOR_PID PROGRAM [ARGUMENT ...]`

A wrapper and not a `preexec_fn`: code between fork and exec in a threaded process can deadlock.
The death signal survives `execve` (prctl(2)); it is bound to the thread that forked, which is the
supervisor's event loop, so that loop must run in the main thread.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(argv: list[str]) -> None:
    """Ties this process to the supervisor, then replaces it by the program."""
    supervisor_pid, program = int(argv[1]), argv[2:]
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != supervisor_pid:  # it died before the tie was made
        sys.exit(1)
    try:
        os.execvp(program[0], program)  # noqa: S606 - to run the given program is what this is for
    except OSError as error:
        sys.exit(f"cannot run {program[0]}: {error.strerror}")


if __name__ == "__main__":
    main(sys.argv)
