"""Slows down who guesses passwords. Pure but for its clock."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

_LONGEST_S = 900.0
# Who has not failed for so long begins anew.
_FORGOTTEN_S = 3_600.0
_REMEMBERED = 20_000
# How many attempts fail without a wait: of one name from one address, from one address, of one name.
# The last is the largest, so that a stranger cannot lock someone out for long from elsewhere
# (NIST SP 800-63B, section 5.2.2, allows 100).
_FREE_BOTH, _FREE_ADDRESS, _FREE_NAME = 4, 20, 50
_MOST_NAME_CHARACTERS = 64

_Key = tuple[str, str]


@dataclass(slots=True)
class _Failures:
    count: int
    last_s: float


class Throttle:
    """Counts attempts by name and address. One event loop owns it; it is forgotten with the process."""

    def __init__(self, monotonic_s: Callable[[], float] = time.monotonic) -> None:
        """`monotonic_s`: seconds of a clock that only goes on."""
        self._monotonic_s = monotonic_s
        self._failures: OrderedDict[_Key, _Failures] = OrderedDict()

    def attempt(self, name: str, address: str) -> float:
        """Count an attempt as failed and return 0; or how many seconds to wait, and then it is not made.

        It counts before its password is looked at, so that many at once are not more than one after another.
        """
        free = _keys(name, address)
        wait_s = max(self._wait_s(key, free_attempts) for key, free_attempts in free.items())
        if wait_s > 0:
            return wait_s
        for key in free:
            found = self._failures.setdefault(key, _Failures(0, 0.0))
            found.count, found.last_s = found.count + 1, self._monotonic_s()
            self._failures.move_to_end(key)
        while len(self._failures) > _REMEMBERED:
            self._failures.popitem(last=False)
        return 0.0

    def succeeded(self, name: str, address: str) -> None:
        """The last attempt was right: it is not counted, and the name from this address begins anew."""
        for key in _keys(name, address):
            found = self._failures.get(key)
            if found is not None and key != ("", address):
                del self._failures[key]
            elif found is not None:
                found.count -= 1

    def _wait_s(self, key: _Key, free_attempts: int) -> float:
        found = self._failures.get(key)
        if found is None:
            return 0.0
        since_s = self._monotonic_s() - found.last_s
        if since_s >= _FORGOTTEN_S:
            del self._failures[key]
            return 0.0
        beyond = found.count - free_attempts
        # The doubling ends where the exponent would be of no use.
        return min(2.0 ** min(beyond, 20), _LONGEST_S) - since_s if beyond >= 0 else 0.0


def _keys(name: str, address: str) -> dict[_Key, int]:
    known = name.casefold()[:_MOST_NAME_CHARACTERS] or "?"
    return {(known, address): _FREE_BOTH, ("", address): _FREE_ADDRESS, (known, ""): _FREE_NAME}
