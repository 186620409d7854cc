"""Routes that say what they need: no route is made otherwise, and a test walks all of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboards.access.csrf import SAFE_METHODS, require_csrf_token, require_same_origin
from dashboards.access.identity import identity_of
from dashboards.access.roles import PERMISSIONS, Permission, User
from dashboards.questions import BadQuestion

Endpoint = Callable[[Request], Awaitable[Response]]
_GET = ("GET",)


class GuardedRoute(Route):
    """A route, what it takes to be answered (None: everyone is), and whether it tells what was."""

    permission: Permission | None
    takes_as_of: bool


def allowed(
    path: str,
    endpoint: Endpoint,
    permission: Permission,
    *,
    methods: Sequence[str] = _GET,
    takes_as_of: bool = False,
) -> GuardedRoute:
    """A route for users with `permission`.

    Who is not signed in gets 401 (a browser the sign-in page), who may not gets 403. What changes something
    (RFC 9110, section 9.2.1) is done for pages of this server with the session's CSRF token, and for tokens.
    takes_as_of: It can tell what was at an instant; else a question about one is refused, for what is now
    must not be taken for what was.
    """

    async def guarded(request: Request) -> Response:
        _require(request, permission)
        if not takes_as_of and request.query_params.get("as_of"):
            raise BadQuestion(
                f"{request.url.path} tells only of now: no history is kept of it that as_of could ask"
            )
        return await endpoint(request)

    return _made(path, guarded, permission, methods, takes_as_of=takes_as_of)


def open_to_all(path: str, endpoint: Endpoint, *, methods: Sequence[str] = _GET) -> GuardedRoute:
    """A route that asks for nothing: health, signing in. It shows nothing of any exam."""

    async def unguarded(request: Request) -> Response:
        return await endpoint(request)

    return _made(path, unguarded, None, methods)


def current_user(request: Request) -> User:
    """Who asks. Raises HTTPException (401) where nobody is signed in."""
    user = identity_of(request).user
    if user is None:
        raise HTTPException(
            HTTPStatus.UNAUTHORIZED,
            "Sign in, or send a token (Authorization: Bearer) that is known and has not expired.",
            headers={"WWW-Authenticate": "Bearer"},
        )
    return user


def _require(request: Request, permission: Permission) -> None:
    user = current_user(request)
    if not user.may(permission):
        roles = ", ".join(role for role, has in PERMISSIONS.items() if permission in has)
        raise HTTPException(
            HTTPStatus.FORBIDDEN, f"{user.name} may not {permission.replace('_', ' ')}: it takes {roles}."
        )
    if request.method in SAFE_METHODS:
        return
    identity = identity_of(request)
    if not identity.by_token:
        require_same_origin(request)
        require_csrf_token(request, identity.csrf_token)


def _made(
    path: str,
    endpoint: Endpoint,
    permission: Permission | None,
    methods: Sequence[str],
    *,
    takes_as_of: bool = False,
) -> GuardedRoute:
    route = GuardedRoute(path, endpoint, methods=[*methods])
    route.permission, route.takes_as_of = permission, takes_as_of
    return route
