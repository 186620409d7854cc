"""A system that receives HL7 over MLLP, as the test wants it: accepts, refuses, hangs, drops mid-message."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress

START, END = b"\x0b", b"\x1c\r"

Behave = Callable[[bytes], str | None]
"""From a message to MSA-1; None: hang. DROP: hang up instead of answering."""
DROP = "drop"


def field(message: bytes, segment: bytes, number: int) -> str:
    """A field of the first `segment`, numbered as the standard does."""
    for line in message.split(b"\r"):
        parts = line.split(b"|")
        if parts[0] == segment:
            at = number - 1 if segment == b"MSH" else number
            return parts[at].decode() if at < len(parts) else ""
    return ""


class MllpReceiver:
    """Listens on loopback; what it was sent stands in `received`, in order of arrival."""

    def __init__(self, behave: Behave = lambda _: "AA", tls: ssl.SSLContext | None = None) -> None:
        self.behave = behave
        self.received: list[bytes] = []
        self.connections = 0
        self._tls = tls
        self._closing = threading.Event()
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    def __enter__(self) -> MllpReceiver:
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._accepting.join(5)
        for connection in self._open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)

    def control_ids(self) -> list[str]:
        """MSH-10 of what was received."""
        return [field(message, b"MSH", 10) for message in self.received]

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(connection)
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            plain = connection if self._tls is None else self._tls.wrap_socket(connection, server_side=True)
            with plain:
                self._talk(plain)

    def _talk(self, connection: socket.socket) -> None:
        buffer = b""
        while data := connection.recv(65536):
            buffer += data
            while END in buffer:
                block, _, buffer = buffer.partition(END)
                message = block.removeprefix(START)
                code = self.behave(message)
                self.received.append(message)
                if code == DROP:
                    return
                if code is None:
                    self._closing.wait()
                    return
                connection.sendall(START + answer(message, code) + END)


def answer(message: bytes, code: str) -> bytes:
    """An acknowledgement in original mode."""
    header = f"MSH|^~\\&|EHR|GH|RADSTREAM||20261124||ACK|{field(message, b'MSH', 10)[:8]}-A|P|2.5.1"
    return f"{header}\rMSA|{code}|{field(message, b'MSH', 10)}\r".encode()
