"""An audit repository: syslog over TLS (RFC 5425), as the test wants it: takes, stops reading, dies."""

from __future__ import annotations

import re
import socket
import ssl
import struct
import threading
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from tests.certificates import Authority

_HEADER = re.compile(
    rb"<(?P<pri>\d{1,3})>1 (?P<at>\S+) (?P<host>[!-~]{1,255}) (?P<app>[!-~]{1,48}) (?P<pid>[!-~]{1,128}) "
    rb"(?P<msgid>[!-~]{1,32}) - \xef\xbb\xbf(?P<message>.*)",
    re.DOTALL,
)


@dataclass(frozen=True)
class Syslog:
    """One message (RFC 5424)."""

    pri: int
    at: datetime
    host: str
    app: str
    msgid: str
    message: bytes

    @property
    def event_id(self) -> str:
        """Of the event of the log that it tells of."""
        found = re.findall(rb"urn:uuid:([0-9a-f-]{36})", self.message)
        assert len(found) == 1
        return str(found[0], "ascii")


def read_frame(frame: bytes) -> Syslog:
    """The message in a frame without its length. Raises AssertionError."""
    found = _HEADER.fullmatch(frame)
    assert found is not None, frame[:200]
    at = datetime.fromisoformat(found["at"].decode("ascii"))
    host, app, msgid = (found[name].decode("ascii") for name in ("host", "app", "msgid"))
    return Syslog(int(found["pri"]), at, host, app, msgid, found["message"])


class SyslogReceiver:
    """Listens on loopback; what it was sent stands in `received`, in order of arrival."""

    def __init__(
        self, authority: Authority, *, port: int = 0, client_authority: Authority | None = None
    ) -> None:
        self.received: list[Syslog] = []
        self.reads = threading.Event()
        self.reads.set()
        self.connections = 0
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(*authority.issue("repository"))
        if client_authority is not None:
            self._context.verify_mode = ssl.CERT_REQUIRED
            self._context.load_verify_locations(client_authority.path)
        self._listening = socket.create_server(("127.0.0.1", port))
        self.port = int(self._listening.getsockname()[1])
        self._open: list[ssl.SSLSocket] = []
        self._ends = False
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def __enter__(self) -> SyslogReceiver:
        return self

    def __exit__(self, *_: object) -> None:
        self._ends = True
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self.reads.set()
        self.die()
        self._thread.join(5)

    def die(self) -> None:
        """What was not read is lost, as it is when a process is killed."""
        for one in self._open:
            with suppress(OSError):
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                one.shutdown(socket.SHUT_RDWR)
        self._open.clear()

    @property
    def event_ids(self) -> set[str]:
        """What it was told of."""
        return {one.event_id for one in list(self.received)}

    def _accept(self) -> None:
        while not self._ends:
            try:
                plain, _ = self._listening.accept()
                secure = self._context.wrap_socket(plain, server_side=True)
            except OSError:
                continue
            self.connections += 1
            self._open.append(secure)
            threading.Thread(target=self._read, args=(secure,), daemon=True).start()

    def _read(self, secure: ssl.SSLSocket) -> None:
        left = b""
        with suppress(OSError, ValueError), secure:
            while self.reads.wait() and (found := secure.recv(65536)):
                left += found
                left = self._take(left)
            secure.unwrap()

    def _take(self, left: bytes) -> bytes:
        while (space := left.find(b" ")) > 0 and len(left) > space + int(left[:space]):
            length = int(left[:space])
            self.received.append(read_frame(left[space + 1 : space + 1 + length]))
            left = left[space + 1 + length :]
        return left
