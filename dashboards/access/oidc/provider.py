"""The provider: where its endpoints are, its keys, and what it answers."""

from __future__ import annotations

import ssl
import time
from collections.abc import Mapping
from typing import Any

import httpx
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from dashboards.access.oidc.config import OidcConfig, is_safe_address
from dashboards.access.oidc.errors import ProviderAway, SignInRefused

# How long the provider's document and keys are taken as they are.
_LASTS_S = 3_600.0
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")

Json = Mapping[str, Any]


class Provider:
    """One provider. One event loop owns it; nothing is asked before someone signs in."""

    def __init__(self, config: OidcConfig) -> None:
        """Raises OSError, ssl.SSLError where the certificates cannot be read."""
        self._config = config
        self._tls = ssl.create_default_context(cafile=config.ca_file)
        self._document: tuple[float, Json] | None = None
        self._keys: tuple[float, KeySet] | None = None

    async def document(self) -> Json:
        """Its own document (OpenID Connect Discovery 1.0, section 4). Raises ProviderAway."""
        if self._document is None or time.monotonic() - self._document[0] > _LASTS_S:
            address = self._config.issuer.rstrip("/") + "/.well-known/openid-configuration"
            found = await self._get(address)
            if found.get("issuer") != self._config.issuer:
                raise ProviderAway(
                    f"The provider calls itself {found.get('issuer')}, not {self._config.issuer}."
                )
            for name in _ENDPOINTS:
                if not is_safe_address(str(found.get(name, ""))):
                    raise ProviderAway(f"The provider's {name} is no https:// address.")
            self._document = time.monotonic(), found
        return self._document[1]

    async def keys(self, *, anew: bool = False) -> KeySet:
        """Its public keys; `anew`: though they were asked for already. Raises ProviderAway."""
        if self._keys is None or anew or time.monotonic() - self._keys[0] > _LASTS_S:
            found = await self._get((await self.document())["jwks_uri"])
            try:
                self._keys = time.monotonic(), KeySet.import_key_set(dict(found))  # type: ignore[arg-type]  # checked by it
            except (JoseError, ValueError, KeyError, TypeError) as error:
                raise ProviderAway("The provider's keys cannot be read.") from error
        return self._keys[1]

    def authorization(self, document: Json, redirect_uri: str, state: str, nonce: str, verifier: str) -> str:
        """Where the browser goes to sign in: code flow with PKCE (RFC 7636, S256)."""
        address, _ = self._client(redirect_uri).create_authorization_url(
            document["authorization_endpoint"], state=state, nonce=nonce, code_verifier=verifier
        )
        return str(address)

    async def exchange(self, code: str, redirect_uri: str, verifier: str) -> Json:
        """The tokens for a code. Raises ProviderAway, SignInRefused."""
        document = await self.document()
        asked = {"code": code, "code_verifier": verifier, "grant_type": "authorization_code"}
        async with self._client(redirect_uri, document) as client:
            try:
                found: Json = await client.fetch_token(document["token_endpoint"], **asked)
            except httpx.HTTPError as error:
                raise ProviderAway("The provider gives no answer.") from error
            except (AuthlibBaseError, ValueError) as error:
                raise SignInRefused("The provider does not take the code: sign in again.") from error
        return found

    async def userinfo(self, access_token: str) -> Json:
        """More claims (Core, section 5.3); none where it has no such endpoint. Raises ProviderAway."""
        address = str((await self.document()).get("userinfo_endpoint", ""))
        if not is_safe_address(address):
            return {}
        return await self._get(address, {"Authorization": f"Bearer {access_token}"})

    async def _get(self, address: str, headers: Mapping[str, str] | None = None) -> Json:
        try:
            async with self._http() as client:
                answer = await client.get(address, headers=dict(headers or {}))
                answer.raise_for_status()
                found = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise ProviderAway("The provider gives no answer that can be used.") from error
        if not isinstance(found, dict):
            raise ProviderAway("The provider gives no answer that can be used.")
        return found

    def _http(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(verify=self._tls, timeout=self._config.timeout_s, trust_env=False)

    def _client(self, redirect_uri: str, document: Json | None = None) -> Any:
        methods = (document or {}).get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        basic, post = "client_secret_basic", "client_secret_post"
        return AsyncOAuth2Client(
            self._config.client_id,
            self._config.client_secret,
            token_endpoint_auth_method=post if basic not in methods and post in methods else basic,
            scope=self._config.scope,
            redirect_uri=redirect_uri,
            code_challenge_method="S256",
            verify=self._tls,
            timeout=self._config.timeout_s,
            trust_env=False,
        )
