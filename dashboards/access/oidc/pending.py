"""Sign-ins that are under way at the provider: what has to come back, and to which browser."""

from __future__ import annotations

import hmac
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

_LASTS_S = 600.0
_REMEMBERED = 1_000


@dataclass(frozen=True, slots=True)
class Pending:
    """One sign-in. browser_sha256: of the secret that only the browser has that began it.

    verifier: the PKCE code verifier (RFC 7636, section 4.1). next_path: where it leads.
    """

    nonce: str
    verifier: str
    browser_sha256: bytes
    redirect_uri: str
    next_path: str
    began_s: float


class PendingSignIns:
    """By their state (RFC 6749, section 10.12). One event loop owns it; a restart forgets them."""

    def __init__(self, monotonic_s: Callable[[], float] = time.monotonic) -> None:
        """`monotonic_s`: seconds of a clock that only goes on."""
        self._monotonic_s = monotonic_s
        self._known: OrderedDict[str, Pending] = OrderedDict()

    def begin(self, redirect_uri: str, next_path: str) -> tuple[str, str, Pending]:
        """A sign-in: its state, the secret for the browser's cookie, and what is remembered."""
        state, browser = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        pending = Pending(
            nonce=secrets.token_urlsafe(32),
            verifier=secrets.token_urlsafe(48),
            browser_sha256=sha256(browser.encode()).digest(),
            redirect_uri=redirect_uri,
            next_path=next_path,
            began_s=self._monotonic_s(),
        )
        self._known[state] = pending
        if len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        return state, browser, pending

    def take(self, state: str, browser: str) -> Pending | None:
        """The sign-in of this state, once, and only to the browser that began it in the last ten minutes."""
        pending = self._known.get(state)
        if pending is None or not hmac.compare_digest(
            sha256(browser.encode()).digest(), pending.browser_sha256
        ):
            return None
        del self._known[state]
        return pending if self._monotonic_s() - pending.began_s < _LASTS_S else None
