"""Free ports: chosen so that two stacks which start at once never choose the same one.

A choice is held by a lock on a small file per port until the process ends, and lies below the range
that the kernel gives to outgoing connections, so that no client takes it in between.
"""

from __future__ import annotations

import fcntl
import os
import random
import socket
import tempfile
from collections.abc import Iterable
from pathlib import Path

import psutil

from runtime.stack.errors import PortError

LOOPBACK = "127.0.0.1"
LOWEST, HIGHEST = 10_000, 32_767  # Linux's own ephemeral ports begin at 32768
RESERVED = range(18_000, 20_000)  # the fixed ports of the settings
ATTEMPTS = 2_000

# Descriptors that stay open as long as the process: closing one would give up the port.
_held: dict[int, int] = {}
_random = random.SystemRandom()


def is_free(port: int, host: str = LOOPBACK) -> bool:
    """True if a server could bind the port now (a closed connection in TIME_WAIT does not matter)."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def allocate_free_ports(count: int, *, companion_offset: int = 0) -> tuple[int, ...]:
    """Distinct free ports on loopback, held for this process until it ends.

    With `companion_offset` the port that far above each is free and held too (SeaweedFS derives the
    port of its gRPC service in that way). Raises `PortError` if the machine has too few.
    """
    ports: list[int] = []
    for _ in range(ATTEMPTS):
        if len(ports) == count:
            break
        port = _random.randint(LOWEST, HIGHEST - companion_offset)
        if _take({port, port + companion_offset}):
            ports.append(port)
    if len(ports) < count:
        raise PortError(
            f"found only {len(ports)} of {count} free ports between {LOWEST} and {HIGHEST}: "
            "stop some programs that listen there"
        )
    return tuple(ports)


def require_free(port: int, setting: str, host: str = LOOPBACK) -> None:
    """Raises `PortError`, naming the owner and the setting, if something listens on the port."""
    if is_free(port, host):
        return
    owner = _owner_of(port)
    raise PortError(
        f"port {port} is in use{f' by {owner}' if owner else ''}: stop that program, "
        f"or choose another port with {setting}"
    )


def _take(ports: Iterable[int]) -> bool:
    taken: dict[int, int] = {}
    for port in ports:
        lock = None if port in RESERVED or port in _held else _lock(port)
        if lock is None or not is_free(port):
            for held in (*taken.values(), *([] if lock is None else [lock])):
                os.close(held)
            return False
        taken[port] = lock
    _held.update(taken)
    return True


def _lock(port: int) -> int | None:
    lock = os.open(_lock_directory() / f"{port}.lock", os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    return lock


def _lock_directory() -> Path:
    directory = Path(tempfile.gettempdir()) / f"radstream-ports-{os.getuid()}"
    directory.mkdir(mode=0o700, exist_ok=True)
    if directory.lstat().st_uid != os.getuid():
        raise PortError(
            f"{directory} belongs to another user: remove it, or set TMPDIR to a directory of yours"
        )
    return directory


def _owner_of(port: int) -> str | None:
    try:
        listeners = psutil.net_connections("tcp")
    except psutil.AccessDenied:
        return None
    for listener in listeners:
        if listener.status == psutil.CONN_LISTEN and listener.laddr[1:2] == (port,) and listener.pid:
            try:
                return f"{psutil.Process(listener.pid).name()} (process {listener.pid})"
            except psutil.NoSuchProcess:
                return f"process {listener.pid}"
    return None
