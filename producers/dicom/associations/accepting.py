"""The listening socket: connections, TLS on them, and how many there may be."""

from __future__ import annotations

import socket
import socketserver
import ssl
from contextlib import suppress
from typing import Any

from pynetdicom.transport import ThreadedAssociationServer

# Connections beyond the associations that may be: they are there to be answered that there are too many.
SPARE_CONNECTIONS = 64


class Connection(socket.socket):
    """Is closed even where the peer went first: the library closes only after a shutdown that succeeds."""

    def shutdown(self, how: int) -> None:
        """As the socket's own, but a connection that is gone already is no error."""
        with suppress(OSError):
            super().shutdown(how)


class TlsConnection(ssl.SSLSocket):
    """The same over TLS."""

    def shutdown(self, how: int) -> None:
        """As above."""
        with suppress(OSError):
            super().shutdown(how)


class AcceptingServer(ThreadedAssociationServer):
    """Answers go out at once: with Nagle's algorithm a C-STORE waits for the peer's delayed ACK."""

    request_queue_size = 128
    daemon_threads = True

    def get_request(self) -> tuple[socket.socket, Any]:
        """The next connection. Its TLS handshake is made by who reads first, not by us: it may take long."""
        assert self.socket is not None  # noqa: S101 - it is bound when it is served
        accepted, address = self.socket.accept()
        connection = Connection(accepted.family, accepted.type, accepted.proto, accepted.detach())
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.ssl_context is None:
            return connection, address
        self.ssl_context.sslsocket_class = TlsConnection
        return self.ssl_context.wrap_socket(
            connection, server_side=True, do_handshake_on_connect=False, suppress_ragged_eofs=True
        ), address

    def verify_request(self, _request: Any, _client_address: Any) -> bool:
        """Whether there is room; a connection without is closed."""
        return len(self.active_associations) < self.ae.maximum_associations

    def shutdown(self) -> None:
        """Accept no more. The library's own looks for us in a list that only its start_server fills."""
        socketserver.BaseServer.shutdown(self)
        self.server_close()
