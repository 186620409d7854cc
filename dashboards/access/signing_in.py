"""Signing in and out, and what a page asks about its session."""

from __future__ import annotations

from http import HTTPStatus

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.templating import Jinja2Templates

from dashboards.access.access import Access
from dashboards.access.csrf import require_same_origin
from dashboards.access.form import read_form
from dashboards.access.identity import cookie_name, identity_of, is_secure
from dashboards.access.places import local_path
from dashboards.access.roles import Permission, User
from dashboards.access.routes import allowed, current_user, open_to_all
from dashboards.answers import JsonResponse

_WRONG = "Name or password is wrong."


class SigningIn:
    """The sign-in page and the sessions that begin and end at it."""

    def __init__(self, access: Access, templates: Jinja2Templates, title: str) -> None:
        """`title` names the installation on the page."""
        self._access = access
        self._templates = templates
        self._title = title

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
        return self._page(request, local_path(request.query_params.get("next")))

    async def sign_in(self, request: Request) -> Response:
        """Begin a session where name and password are right, and go to the page that was asked for."""
        require_same_origin(request)
        form = await read_form(request)
        name, password = form.get("name", "").strip(), form.get("password", "")
        next_path = local_path(form.get("next"))
        user = await anyio.to_thread.run_sync(self._access.users.verify, name, password)
        if user is None:
            return self._page(request, next_path, _WRONG, HTTPStatus.UNAUTHORIZED)
        return await self._begin(request, user, next_path)

    async def sign_out(self, request: Request) -> Response:
        """End the session; nothing happens where there is none."""
        require_same_origin(request)
        secret = identity_of(request).session_secret
        if secret is not None:
            await anyio.to_thread.run_sync(self._access.sessions.end, secret)
        response = Response(status_code=HTTPStatus.NO_CONTENT)
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

    async def _begin(self, request: Request, user: User, next_path: str) -> Response:
        sessions, before = self._access.sessions, identity_of(request).session_secret
        if before is not None:
            await anyio.to_thread.run_sync(sessions.end, before)
        secret = await anyio.to_thread.run_sync(lambda: sessions.begin(user, is_local=True))
        response = RedirectResponse(next_path, HTTPStatus.SEE_OTHER)
        # Lax: a link out of another system leads to its exam; no other site can have anything changed.
        response.set_cookie(
            cookie_name(request), secret, path="/", secure=is_secure(request), httponly=True, samesite="lax"
        )
        return response

    def _page(
        self, request: Request, next_path: str, wrong: str = "", status: int = HTTPStatus.OK
    ) -> Response:
        context = {"title": self._title, "next": next_path, "wrong": wrong}
        return self._templates.TemplateResponse(request, "sign_in.html", context, status)
