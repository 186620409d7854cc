"""The dashboard: its address, who may sign in, and for how long."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings


class DashboardSettings(BaseSettings):
    """The dashboard and signing in to it."""

    dashboard_port: int = 8050
    dashboard_allowed_hosts: str = Field(
        default="",
        description="Names, comma-separated, under which browsers may ask for the dashboard; empty: loopback "
        "names on a loopback address, any name elsewhere.",
    )
    dashboard_tls_certificate: Path | None = Field(
        default=None, description="PEM file with its chain; with it (and the key) the dashboard is https://."
    )
    dashboard_tls_key: Path | None = Field(default=None, description="PEM file, mode 0600.")
    dashboard_proxies: str = Field(
        default="",
        description="Addresses and networks, comma-separated, of reverse proxies that speak TLS for the "
        "dashboard; whose X-Forwarded-For and X-Forwarded-Proto are believed.",
    )
    dashboard_anonymous_role: Literal["viewer"] | None = Field(
        default=None,
        description="`viewer`: who has not signed in sees the board with pseudonyms, for a wall screen.",
    )
    oidc_issuer: str | None = Field(
        default=None,
        description="OpenID provider where people sign in to the dashboard, https://… as its documents say.",
    )
    oidc_client_id: str = Field(default="radstream", description="What the OpenID provider calls us.")
    oidc_client_secret_file: Path | None = Field(
        default=None, description="File with the client's secret; else `<data>/secrets/oidc_client_secret`."
    )
    oidc_roles: str = Field(
        default="",
        description="VALUE=ROLE, comma-separated: which value of the roles claim is which role of ours.",
    )
    oidc_roles_claim: str = Field(
        default="roles", description="Claim with the roles; dots lead into objects (realm_access.roles)."
    )
    oidc_name_claim: str = Field(default="preferred_username", description="Claim with the user's name.")
    oidc_scope: str = Field(default="openid profile", description="What the OpenID provider is asked for.")
    oidc_label: str = Field(
        default="your organisation", description="What the sign-in page calls the OpenID provider."
    )
    oidc_ca_file: Path | None = Field(
        default=None,
        description="Certificates that the OpenID provider's is checked with (PEM); else the usual ones.",
    )
    dashboard_session_idle_min: float = Field(
        default=30.0, gt=0, description="A session ends when nobody has touched a page for so long."
    )
    dashboard_session_max_h: float = Field(
        default=12.0, gt=0, description="A session ends so long after signing in, whatever happens."
    )
    dashboard_admin_password: str | None = Field(
        default=None,
        description="First password of the dashboard's user `admin`; else "
        "`<data>/secrets/dashboard_admin_password`.",
    )
