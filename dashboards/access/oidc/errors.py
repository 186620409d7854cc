"""What goes wrong when someone signs in at an OpenID provider.

OidcError
├── ProviderAway      the provider gives no answer, or none that can be used
└── SignInRefused     what came back may not begin a session
"""

from __future__ import annotations


class OidcError(Exception):
    """Signing in failed; the text is for the person who tried."""


class ProviderAway(OidcError):
    """Trying again may help."""


class SignInRefused(OidcError):
    """Trying again with the same does not help."""
