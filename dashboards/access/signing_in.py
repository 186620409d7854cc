"""Signing in and out, and what a page asks about its session."""

from __future__ import annotations

from functools import partial
from http import HTTPStatus
from math import ceil

import anyio
import anyio.to_thread
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboards.access.access import Access
from dashboards.access.authentications import Authentications
from dashboards.access.beginning import begin_session
from dashboards.access.csrf import require_same_origin
from dashboards.access.form import read_form
from dashboards.access.identity import cookie_name, identity_of, is_secure
from dashboards.access.places import local_path
from dashboards.access.roles import Permission
from dashboards.access.routes import allowed, current_user, open_to_all
from dashboards.access.sign_in_page import SignInPage
from dashboards.access.throttle import Throttle
from dashboards.access.views import address_of
from dashboards.answers import JsonResponse

_WRONG = "Name or password is wrong."
_TOO_MANY = "Too many attempts failed. Try again in {} seconds."
_CHECKS_AT_ONCE = 2


class SigningIn:
    """The sign-in page and the sessions that begin and end at it."""

    def __init__(self, access: Access, authentications: Authentications, page: SignInPage) -> None:
        """`authentications` has who signed in and out."""
        self._access = access
        self._authentications = authentications
        self._throttle = Throttle()
        # Each check of a password takes 64 MiB for a moment.
        self._checks = anyio.CapacityLimiter(_CHECKS_AT_ONCE)
        self._page = page

    def routes(self) -> list[Route]:
        """Paths and endpoints."""
        return [
            open_to_all("/sign-in", self.page),
            open_to_all("/sign-in", self.sign_in, methods=["POST"]),
            open_to_all("/sign-out", self.sign_out, methods=["POST"]),
            allowed("/sign-in/activity", self.activity, Permission.SEE_WORKLIST, methods=["POST"]),
            allowed("/api/session", self.session, Permission.SEE_WORKLIST),
        ]

    async def page(self, request: Request) -> Response:
        """The form; `next` is the page that is shown afterwards."""
        return self._page.show(request, local_path(request.query_params.get("next")))

    async def sign_in(self, request: Request) -> Response:
        """Begin a session where name and password are right, and go to the page that was asked for."""
        require_same_origin(request)
        form = await read_form(request)
        name, password = form.get("name", "").strip(), form.get("password", "")
        next_path = local_path(form.get("next"))
        wait_s = self._throttle.attempt(name, address_of(request))
        if wait_s > 0:
            response = self._too_many(request, next_path, ceil(wait_s))
            response.background = self._authentications.kept_waiting(request, name)
            return response
        check = partial(self._access.users.verify, name, password)
        user = await anyio.to_thread.run_sync(check, limiter=self._checks)
        if user is None:
            response = self._page.show(request, next_path, _WRONG, HTTPStatus.UNAUTHORIZED)
            response.background = self._authentications.failed(request, name)
            return response
        self._throttle.succeeded(name, address_of(request))
        response = await begin_session(self._access, request, user, next_path, is_local=True)
        response.background = self._authentications.succeeded(request, user, "sign-in")
        return response

    async def sign_out(self, request: Request) -> Response:
        """End the session; nothing happens where there is none."""
        require_same_origin(request)
        identity = identity_of(request)
        response = Response(status_code=HTTPStatus.NO_CONTENT)
        if identity.session_secret is not None and identity.user is not None:
            await anyio.to_thread.run_sync(self._access.sessions.end, identity.session_secret)
            response.background = self._authentications.succeeded(request, identity.user, "sign-out")
        response.delete_cookie(cookie_name(request), secure=is_secure(request), httponly=True, samesite="lax")
        return response

    async def activity(self, request: Request) -> Response:
        """Someone is at the page: the session's idle time begins anew."""
        secret = identity_of(request).session_secret
        if secret is not None:
            await anyio.to_thread.run_sync(self._access.sessions.touch, secret)
        return Response(status_code=HTTPStatus.NO_CONTENT)

    async def session(self, request: Request) -> Response:
        """Who is signed in, what they may do, and when that ends if nobody touches the page."""
        user, secret = current_user(request), identity_of(request).session_secret
        session = None if secret is None else self._access.sessions.find(secret)
        return JsonResponse(
            {
                "user": user.name,
                "roles": [*sorted(user.roles)],
                "permissions": [permission for permission in Permission if user.may(permission)],
                "ends_in_s": None if session is None else session.ends_in_s,
            }
        )

    def _too_many(self, request: Request, next_path: str, wait_s: int) -> Response:
        wrong = _TOO_MANY.format(wait_s)
        response = self._page.show(request, next_path, wrong, HTTPStatus.TOO_MANY_REQUESTS)
        response.headers["Retry-After"] = str(wait_s)
        return response
