"""Waiting for a server that was started."""

from __future__ import annotations

import socket
import time

START_TIMEOUT_S = 60.0


def wait_for(port: int) -> None:
    """Until somebody listens there, on loopback. Raises RuntimeError."""
    until_s = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < until_s:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"nobody listens on port {port}")
