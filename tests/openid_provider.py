"""An OpenID provider as a process: `python -m tests.openid_provider PORT`, and how tests talk to it.

The provider itself (oidc-provider-mock, on Authlib's server) does not look at PKCE; what is before it does.
"""

from __future__ import annotations

import base64
import hashlib
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from runtime.stack.ports import allocate_free_ports

_START_TIMEOUT_S = 60
_Start = Callable[..., Any]
_App = Callable[[dict[str, Any], _Start], Iterable[bytes]]


class RequirePkce:
    """WSGI middleware: a code is exchanged only with its verifier (RFC 7636, section 4.6)."""

    def __init__(self, app: _App) -> None:
        """`app` gives out the codes."""
        self._app = app
        self._challenges: dict[str, str] = {}

    def __call__(self, environ: dict[str, Any], start: _Start) -> Iterable[bytes]:
        """One request."""
        asked = parse_qs(environ.get("QUERY_STRING", ""))
        if environ["PATH_INFO"] == "/oauth2/authorize":
            if asked.get("code_challenge_method") != ["S256"] or "code_challenge" not in asked:
                return _refuse(start)
            return self._app(environ, self._remembering(start, asked["code_challenge"][0]))
        if environ["PATH_INFO"] == "/oauth2/token" and not self._fits(environ):
            return _refuse(start)
        return self._app(environ, start)

    def _remembering(self, start: _Start, challenge: str) -> _Start:
        def started(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            for code in parse_qs(urlsplit(dict(headers).get("Location", "")).query).get("code", []):
                self._challenges[code] = challenge
            return start(status, headers, *rest)

        return started

    def _fits(self, environ: dict[str, Any]) -> bool:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = BytesIO(body)
        form = parse_qs(body.decode())
        digest = hashlib.sha256(form.get("code_verifier", [""])[0].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        return self._challenges.get(form.get("code", [""])[0]) == challenge


def _refuse(start: _Start) -> Iterable[bytes]:
    start("400 Bad Request", [("Content-Type", "application/json")])
    return [b'{"error": "invalid_grant"}']


@dataclass(frozen=True, slots=True)
class OpenIdProvider:
    """A running provider."""

    issuer: str

    def person(self, sub: str, **claims: object) -> None:
        """Someone who may sign in there, and what it says of them."""
        answer = httpx.put(f"{self.issuer}/users/{sub}", json=claims, timeout=60)
        answer.raise_for_status()

    def consent(self, address: str, sub: str | None) -> str:
        """What a browser does there: say who one is, or deny (None). Gives where it is sent back to."""
        form = {"action": "deny"} if sub is None else {"sub": sub}
        answer = httpx.post(address, data=form, timeout=60)
        assert answer.status_code in {302, 303}, answer.text
        return answer.headers["location"]


@contextmanager
def openid_provider() -> Iterator[OpenIdProvider]:
    """A provider on a free port, for as long as it is needed."""
    (port,) = allocate_free_ports(1)
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.openid_provider", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    provider = OpenIdProvider(f"http://127.0.0.1:{port}")
    deadline_s = time.monotonic() + _START_TIMEOUT_S
    try:
        while True:
            assert process.poll() is None, "the OpenID provider has ended"
            try:
                httpx.get(
                    f"{provider.issuer}/.well-known/openid-configuration", timeout=60
                ).raise_for_status()
                break
            except httpx.HTTPError:
                assert time.monotonic() < deadline_s, "the OpenID provider did not start"
                time.sleep(0.1)
        yield provider
    finally:
        process.kill()
        process.wait()


def main(port: int) -> None:
    """Serve until killed."""
    import oidc_provider_mock  # noqa: PLC0415 - its warnings are for its own process
    from werkzeug.serving import run_simple  # noqa: PLC0415 - with it

    app = oidc_provider_mock.app(require_nonce=True)
    run_simple("127.0.0.1", port, RequirePkce(app), threaded=True)


if __name__ == "__main__":
    assert re.fullmatch(r"\d+", sys.argv[1])
    main(int(sys.argv[1]))
