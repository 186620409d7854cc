"""The listening socket; what it accepts inherits keep-alive and no delay."""

from __future__ import annotations

import socket

# A peer that vanished (a firewall that forgot the connection) is noticed after about three minutes.
_KEEPALIVE_IDLE_S = 60
_KEEPALIVE_EVERY_S = 20
_KEEPALIVE_TRIES = 6


def listening_socket(host: str, port: int, *, is_shared: bool) -> socket.socket:
    """Bound, not yet listening. Raises OSError. `is_shared`: with other processes that ask for it too."""
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    bound = socket.socket(family, kind, protocol)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if is_shared:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _keep_alive(bound)
        bound.bind(address)
    except OSError as error:
        bound.close()
        raise OSError(
            error.errno, f"cannot listen on {host}:{port}: {(error.strerror or '').lower()}"
        ) from None
    bound.settimeout(0)
    return bound


def _keep_alive(bound: socket.socket) -> None:
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _KEEPALIVE_IDLE_S)
    bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, _KEEPALIVE_EVERY_S)
    bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, _KEEPALIVE_TRIES)
