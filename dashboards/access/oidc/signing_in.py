"""Signing in at the provider: there and back (OpenID Connect Core 1.0, section 3.1)."""

from __future__ import annotations

from http import HTTPStatus

from joserfc.jwk import KeySet
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from dashboards.access.access import Access
from dashboards.access.authentications import Authentications
from dashboards.access.beginning import begin_session
from dashboards.access.identity import is_secure
from dashboards.access.oidc.claims import Claims, read_id_token, roles_in, user_of
from dashboards.access.oidc.config import OidcConfig
from dashboards.access.oidc.errors import OidcError, ProviderAway, SignInRefused
from dashboards.access.oidc.pending import Pending, PendingSignIns
from dashboards.access.oidc.provider import Provider
from dashboards.access.places import local_path
from dashboards.access.roles import User
from dashboards.access.routes import open_to_all
from dashboards.access.sign_in_page import SignInPage

_START, _CALLBACK = "/sign-in/oidc", "/sign-in/oidc/callback"
_WHAT = "sign-in at the OpenID provider"
_LASTS_S = 600


class OidcSigningIn:
    """The two routes of it."""

    def __init__(
        self, config: OidcConfig, access: Access, authentications: Authentications, page: SignInPage
    ) -> None:
        """`page` is shown again, with the reason, where signing in fails."""
        self._config = config
        self._access = access
        self._authentications = authentications
        self._page = page
        self._provider = Provider(config)
        self._pending = PendingSignIns()

    def routes(self) -> list[Route]:
        """Paths and endpoints."""
        return [open_to_all(_START, self.start), open_to_all(_CALLBACK, self.callback)]

    async def start(self, request: Request) -> Response:
        """To the provider."""
        next_path = local_path(request.query_params.get("next"))
        try:
            document = await self._provider.document()
        except ProviderAway as error:
            return self._page.show(request, next_path, str(error), HTTPStatus.BAD_GATEWAY)
        redirect_uri = f"{request.url.scheme}://{request.url.netloc}{_CALLBACK}"
        state, browser, pending = self._pending.begin(redirect_uri, next_path)
        address = self._provider.authorization(document, redirect_uri, state, pending.nonce, pending.verifier)
        response = RedirectResponse(address, HTTPStatus.SEE_OTHER)
        # Lax: it comes back with the provider's redirect.
        response.set_cookie(
            _cookie_name(request),
            browser,
            max_age=_LASTS_S,
            path="/",
            secure=is_secure(request),
            httponly=True,
            samesite="lax",
        )
        return response

    async def callback(self, request: Request) -> Response:
        """Back from the provider."""
        asked = request.query_params
        pending = self._pending.take(asked.get("state", ""), request.cookies.get(_cookie_name(request), ""))
        next_path = "/" if pending is None else pending.next_path
        try:
            if pending is None:
                raise SignInRefused("That sign-in was not begun here, or took too long: begin again.")
            user = await self._user(request, pending)
        except OidcError as error:
            is_away = isinstance(error, ProviderAway)
            status = HTTPStatus.BAD_GATEWAY if is_away else HTTPStatus.FORBIDDEN
            response = self._page.show(request, next_path, str(error), status)
            response.background = self._authentications.refused(request, _WHAT)
        else:
            response = await begin_session(self._access, request, user, next_path, is_local=False)
            response.background = self._authentications.succeeded(request, user, _WHAT)
        response.delete_cookie(
            _cookie_name(request), secure=is_secure(request), httponly=True, samesite="lax"
        )
        return response

    async def _user(self, request: Request, pending: Pending) -> User:
        asked = request.query_params
        if "error" in asked:
            raise SignInRefused("The provider did not sign you in.")
        # RFC 9207: where the provider says who it is, it has to be the one that was asked.
        if asked.get("iss", self._config.issuer) != self._config.issuer:
            raise SignInRefused("The answer comes from another provider.")
        tokens = await self._provider.exchange(asked.get("code", ""), pending.redirect_uri, pending.verifier)
        claims = await self._claims(str(tokens.get("id_token", "")), pending.nonce)
        if not roles_in(claims, self._config) and isinstance(tokens.get("access_token"), str):
            more = await self._provider.userinfo(tokens["access_token"])
            # Core, section 5.3.2: else it is about someone else.
            claims = {**claims, **more} if more.get("sub") == claims["sub"] else claims
        return user_of(claims, self._config)

    async def _claims(self, id_token: str, nonce: str) -> Claims:
        try:
            return read_id_token(id_token, await self._provider.keys(), self._config, nonce)
        except SignInRefused:
            # The provider may have other keys by now (Core, section 10.1.1).
            keys: KeySet = await self._provider.keys(anew=True)
            return read_id_token(id_token, keys, self._config, nonce)


def _cookie_name(request: Request) -> str:
    return "__Host-radstream-oidc" if is_secure(request) else f"radstream-oidc-{request.url.port or 80}"
