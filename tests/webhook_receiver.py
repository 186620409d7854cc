"""A system that receives webhooks over HTTP, as the test wants it: takes, refuses, is away."""

from __future__ import annotations

import base64
import hmac
import json
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SECRET = b"an invented secret of a pager, long enough"


@dataclass(frozen=True)
class Request:
    """One request as it came. `headers` by their lower-case names."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def said(self) -> Any:
        """What the body says."""
        return json.loads(self.body)

    def is_signed(self, secret: bytes = SECRET) -> bool:
        """Whether the signature is right, worked out as a receiver would."""
        text = f"{self.headers['webhook-id']}.{self.headers['webhook-timestamp']}.".encode() + self.body
        expected = base64.b64encode(hmac.new(secret, text, "sha256").digest()).decode()
        version, _, signature = self.headers["webhook-signature"].partition(",")
        return version == "v1" and hmac.compare_digest(signature, expected)


class WebhookReceiver:
    """Listens on loopback; what it was sent stands in `received`, in order of arrival."""

    def __init__(
        self, behave: Callable[[Request], int] = lambda _: 204, tls: ssl.SSLContext | None = None
    ) -> None:
        self.behave = behave
        self.received: list[Request] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                request = Request(self.path, headers, body)
                receiver.received.append(request)
                self.send_response(receiver.behave(request))
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.port = int(self._server.server_address[1])
        self.url = f"http{'' if tls is None else 's'}://127.0.0.1:{self.port}/alerts"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def __enter__(self) -> WebhookReceiver:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join(5)
        self._server.server_close()
