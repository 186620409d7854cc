"""From a provider's claims to a user of ours. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from dashboards.access.oidc.config import OidcConfig
from dashboards.access.oidc.errors import SignInRefused
from dashboards.access.roles import Role, User

# Signatures with the provider's private key; never `none`, never one that the client's secret could make.
_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
_CLOCKS_DIFFER_S = 60
_MOST_NAME_CHARACTERS = 128
# No local user can have such a name.
_PREFIX = "oidc:"

Claims = Mapping[str, Any]


def read_id_token(id_token: str, keys: KeySet, config: OidcConfig, nonce: str) -> Claims:
    """The claims of an ID token (OpenID Connect Core 1.0, section 3.1.3.7). Raises SignInRefused."""
    try:
        token = jwt.decode(id_token, keys, algorithms=[*_ALGORITHMS])
        jwt.JWTClaimsRegistry(
            leeway=_CLOCKS_DIFFER_S,
            iss={"essential": True, "value": config.issuer},
            sub={"essential": True},
            aud={"essential": True, "value": config.client_id},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": nonce},
        ).validate(token.claims)
    except (JoseError, ValueError) as error:
        raise SignInRefused(f"The provider's answer is not valid ({type(error).__name__}).") from error
    audience = token.claims["aud"]
    party = token.claims.get("azp", config.client_id)
    if party != config.client_id or (
        isinstance(audience, list) and len(audience) > 1 and "azp" not in token.claims
    ):
        raise SignInRefused("The provider's answer is for someone else.")
    return token.claims


def user_of(claims: Claims, config: OidcConfig) -> User:
    """The user. Raises SignInRefused where no role is theirs."""
    name = str(claims.get(config.name_claim) or claims["sub"])[:_MOST_NAME_CHARACTERS]
    if not name.isprintable():
        raise SignInRefused("The provider gives a name that cannot be written.")
    roles = roles_in(claims, config)
    if not roles:
        raise SignInRefused(f"{name} has no role here: ask who gives out roles in {config.label}.")
    return User(_PREFIX + name, roles)


def roles_in(claims: Claims, config: OidcConfig) -> frozenset[Role]:
    """The roles that the roles claim stands for: a text, or a list of texts."""
    found: Any = claims
    for step in config.roles_claim.split("."):
        found = found.get(step) if isinstance(found, Mapping) else None
    values = [found] if isinstance(found, str) else found if isinstance(found, list) else []
    return frozenset(
        config.role_of[value] for value in values if isinstance(value, str) and value in config.role_of
    )
