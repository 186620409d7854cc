"""What signing in at an OpenID provider needs to know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from dashboards.access.roles import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class OidcConfig:
    """One provider (OpenID Connect Core 1.0).

    issuer: As the provider's own documents and ID tokens have it; https, but on loopback.
    role_of: The role that each value of the roles claim stands for; other values stand for none.
    roles_claim: Where the roles are; dots lead into objects (`realm_access.roles`).
    name_claim: What the user is called here and in the audit topic; without it, by `sub`.
    label: What the sign-in page calls the provider.
    ca_file: Certificates that the provider's is checked with (PEM); None: the usual ones.
    """

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    role_of: Mapping[str, Role]
    roles_claim: str = "roles"
    name_claim: str = "preferred_username"
    scope: str = "openid profile"
    label: str = "your organisation"
    ca_file: Path | None = None
    timeout_s: float = 10.0

    def __post_init__(self) -> None:
        if not is_safe_address(self.issuer):
            raise ValueError(f"the OpenID issuer has to begin with https://, got {self.issuer}")
        if not self.client_id:
            raise ValueError("the OpenID client has to have an id")
        if "openid" not in self.scope.split():
            raise ValueError("the OpenID scope has to contain openid")
        if not self.role_of:
            raise ValueError("nobody could sign in: no value of the OpenID roles claim stands for a role")


def is_safe_address(address: str) -> bool:
    """Whether nobody on the way can read or change what is sent to an address."""
    parts = urlsplit(address)
    if parts.scheme == "https":
        return bool(parts.hostname)
    return parts.scheme == "http" and _is_loopback(parts.hostname or "")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
