"""One TLS connection to an audit repository: bytes out, and what is known of their arrival. Blocking.

Syslog has no answers. What can be known is how many bytes the other machine has acknowledged (Linux,
SIOCOUTQ), and that the connection stands.
"""

from __future__ import annotations

import fcntl
import select
import socket
import ssl
import struct
import termios
from contextlib import suppress

from sinks.delivering.declared import tls_context
from sinks.delivering.errors import Unreachable
from sinks.syslog.destinations import SyslogDestination

_CONNECT_TIMEOUT_S = 10.0
_CLOSE_TIMEOUT_S = 0.5
_MOST_READ = 4096


class SyslogConnection:
    """Connected and checked from the beginning. One caller at a time."""

    def __init__(self, destination: SyslogDestination) -> None:
        """Raises Unreachable, also where a certificate is not what it should be."""
        self._send_timeout_s = destination.send_timeout_s
        to, tls = (destination.host, destination.port), destination.tls
        try:
            context = tls_context(tls)
            plain = socket.create_connection(to, _CONNECT_TIMEOUT_S)
            try:
                _give_up_after(plain, destination.send_timeout_s)
                self._socket = context.wrap_socket(plain, server_hostname=tls.server_name or destination.host)
            except BaseException:
                plain.close()
                raise
        except (OSError, ValueError) as error:
            raise Unreachable(f"{to[0]}:{to[1]}: {reason_of(error)}") from error

    def send(self, frame: bytes) -> None:
        """Give all of it to the system. Raises OSError where the connection broke or is stuck."""
        self._socket.settimeout(self._send_timeout_s)
        self._socket.sendall(frame)

    def unacknowledged(self) -> int:
        """Bytes that the other machine has not acknowledged. Raises OSError where the connection is over."""
        self._socket.settimeout(0)
        with suppress(ssl.SSLWantReadError):
            # A repository says nothing; what is read are TLS's own records, or the end.
            while self._readable():
                if not self._socket.recv(_MOST_READ):
                    raise ConnectionError("the repository has hung up")
        answer = fcntl.ioctl(self._socket.fileno(), termios.TIOCOUTQ, struct.pack("i", 0))
        left: int = struct.unpack("i", answer)[0]
        return left

    def close(self) -> None:
        """Say good-bye (RFC 5425, section 4.4), if the other side listens."""
        with suppress(OSError, ValueError):
            self._socket.settimeout(_CLOSE_TIMEOUT_S)
            self._socket.unwrap()
        self._socket.close()

    def _readable(self) -> bool:
        return self._socket.pending() > 0 or bool(select.select([self._socket], [], [], 0)[0])


def _give_up_after(plain: socket.socket, timeout_s: float) -> None:
    """A machine that acknowledges nothing for so long is gone, and so is a silent one that does not live."""
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(timeout_s * 1000))
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, max(1, int(timeout_s)))


def reason_of(error: Exception) -> str:
    """As a log may have it."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    return getattr(error, "reason", None) or getattr(error, "strerror", None) or type(error).__name__
