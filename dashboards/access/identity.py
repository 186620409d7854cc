"""Who asks: found for each request that has anything to show."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from dashboards.access.config import AccessConfig
from dashboards.access.roles import User
from dashboards.access.sessions import Sessions
from dashboards.access.tokens import Tokens

_SCOPE_KEY = "radstream.identity"
ANONYMOUS = "anonymous"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who asks, and how that is known.

    user: None where nobody is signed in.
    csrf_token: What the pages of the session say with what they change; None without a session.
    session_secret: The cookie's; None where a token, or nothing, said who asks.
    by_token: Whether a program's token said so, which no browser sends by itself.
    still: Whether it still holds: a session ends, a token is revoked while its stream is open.
    """

    user: User | None
    csrf_token: str | None
    session_secret: str | None
    by_token: bool
    still: Callable[[], bool]


_NOBODY = Identity(user=None, csrf_token=None, session_secret=None, by_token=False, still=lambda: True)


class Identify:
    """ASGI middleware: finds out who asks by the session's cookie or the token, once that is a question."""

    def __init__(self, app: ASGIApp, *, config: AccessConfig, sessions: Sessions, tokens: Tokens) -> None:
        """A token is preferred: who sends one does so on purpose."""
        self._app = app
        self._sessions = sessions
        self._tokens = tokens
        role = config.anonymous_role
        self._anonymous = None if role is None else User(ANONYMOUS, frozenset({role}))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] == "http":
            scope[_SCOPE_KEY] = partial(self._identity, scope)
        await self._app(scope, receive, send)

    def _identity(self, scope: Scope) -> Identity:
        scheme, _, token = Headers(scope=scope).get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return _identity_of_token(self._tokens, token.strip())
        request = HTTPConnection(scope)
        secret = request.cookies.get(cookie_name(request))
        session = None if secret is None else self._sessions.find(secret)
        if secret is None or session is None:
            return Identity(
                user=self._anonymous, csrf_token=None, session_secret=None, by_token=False, still=lambda: True
            )
        return Identity(
            user=session.user,
            csrf_token=session.csrf_token,
            session_secret=secret,
            by_token=False,
            still=lambda: self._is(secret, session.user),
        )

    def _is(self, secret: str, user: User) -> bool:
        session = self._sessions.find(secret)
        return session is not None and session.user == user


def _identity_of_token(tokens: Tokens, secret: str) -> Identity:
    user = tokens.user_of(secret)
    return Identity(
        user=user,
        csrf_token=None,
        session_secret=None,
        by_token=True,
        still=lambda: tokens.user_of(secret) == user,
    )


def identity_of(request: HTTPConnection) -> Identity:
    """What the middleware found."""
    found: Identity | Callable[[], Identity] = request.scope.get(_SCOPE_KEY, _NOBODY)
    if not isinstance(found, Identity):
        request.scope[_SCOPE_KEY] = found = found()
    return found


def is_secure(request: HTTPConnection) -> bool:
    """Whether the browser speaks TLS, to us or to the proxy before us."""
    return request.url.scheme == "https"


def cookie_name(request: HTTPConnection) -> str:
    """The session's cookie: browsers take `__Host-` over TLS only, from this host and for it alone.

    Cookies know no ports: without TLS the port is part of the name, for two stacks on one machine.
    """
    return "__Host-radstream" if is_secure(request) else f"radstream-{request.url.port or 80}"
