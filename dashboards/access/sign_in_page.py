"""The sign-in page."""

from __future__ import annotations

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response
from starlette.templating import Jinja2Templates


class SignInPage:
    """The form, and the way to the provider where there is one."""

    def __init__(self, templates: Jinja2Templates, title: str, provider: str | None) -> None:
        """`title` names the installation, `provider` the OpenID provider; None: there is none."""
        self._templates = templates
        self._title = title
        self._provider = provider

    def show(
        self, request: Request, next_path: str, wrong: str = "", status: int = HTTPStatus.OK
    ) -> Response:
        """The page that leads to `next_path`; `wrong` is what went wrong."""
        context = {"title": self._title, "next": next_path, "wrong": wrong, "provider": self._provider}
        return self._templates.TemplateResponse(request, "sign_in.html", context, status)
