"""What every answer carries, and which names this server answers to."""

from __future__ import annotations

from collections.abc import Collection

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboards.as_of.caching import KEPT
from dashboards.listening import is_loopback
from dashboards.problems import ProblemResponse

_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
_MISDIRECTED_REQUEST = 421

# Scripts, styles and data come from this server alone, and none stands inside a page.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
    )
)
# BokehJS lays its charts out with <style> elements that it makes; scripts stay as barred as everywhere, and
# what comes from outside becomes text on these pages, too.
_CHARTS_POLICY = CONTENT_SECURITY_POLICY + "; style-src-elem 'self' 'unsafe-inline'"
_CHARTS_PAGES = ("/turnaround", "/forecast", "/what-if")
# The only form that is sent without a script.
_SIGN_IN_POLICY = CONTENT_SECURITY_POLICY.replace("form-action 'none'", "form-action 'self'")
_POLICY_OF = {**dict.fromkeys(_CHARTS_PAGES, _CHARTS_POLICY), "/sign-in": _SIGN_IN_POLICY}
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


def names_answered_to(host: str, allowed_hosts: Collection[str]) -> frozenset[str] | None:
    """The Host names that are answered; None means all.

    A server on loopback has no other guard than its address. A page of another site that resolves its
    own name to 127.0.0.1 (DNS rebinding) would read patients' names, were any Host accepted.
    """
    if allowed_hosts:
        return frozenset(allowed_hosts) | {host}
    return _LOOPBACK_NAMES | {host} if is_loopback(host) else None


class Guard:
    """ASGI middleware: checks Host, adds the security headers, and keeps answers out of caches."""

    def __init__(self, app: ASGIApp, *, names: frozenset[str] | None) -> None:
        """`names`: see names_answered_to."""
        self._app = app
        self._names = names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(_HEADERS)
                policy = _POLICY_OF.get(scope["path"], CONTENT_SECURITY_POLICY)
                headers["Content-Security-Policy"] = policy
                if scope["scheme"] == "https":
                    # RFC 6797: who came over TLS once does not come without it for a year.
                    headers["Strict-Transport-Security"] = "max-age=31536000"
                # Static files are the same for everyone and are asked for again by their ETag.
                is_static = scope["path"].startswith(("/static/", "/vendor/"))
                if headers.get("Cache-Control") != KEPT:
                    headers["Cache-Control"] = "no-cache" if is_static else "no-store"
            await send(message)

        await (self._app if self._answers_to(scope) else _misdirected)(scope, receive, guarded)

    def _answers_to(self, scope: Scope) -> bool:
        return self._names is None or _name(Headers(scope=scope).get("host", "")) in self._names


def _name(host: str) -> str:
    """The name in a Host header, without its port (RFC 9110, section 7.2)."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].lower()


async def _misdirected(scope: Scope, receive: Receive, send: Send) -> None:
    detail = (
        "This server does not answer to that Host name. Use its own address, or add the name to its settings."
    )
    await ProblemResponse(_MISDIRECTED_REQUEST, detail=detail)(scope, receive, send)
