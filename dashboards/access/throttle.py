"""Slows down who guesses passwords. Pure but for its clock."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

# Who has not failed for so long begins anew.
_FORGOTTEN_S = 3_600.0
_REMEMBERED = 20_000
_MOST_NAME_CHARACTERS = 64

_Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class _Limit:
    """`free` attempts fail without a wait; then each waits twice as long, `longest_s` at most."""

    free: int
    longest_s: float


# Of one name from one address; from one address, which may be a whole hospital's; of one name, where a
# stranger must not lock someone out for long, and yet not try more than 100 times an hour (NIST SP 800-63B,
# section 5.2.2).
_BOTH, _ADDRESS, _NAME = _Limit(4, 900.0), _Limit(20, 10.0), _Limit(50, 120.0)


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
        limits = _limits(name, address)
        wait_s = max(self._wait_s(key, limit) for key, limit in limits.items())
        if wait_s > 0:
            return wait_s
        for key in limits:
            found = self._failures.setdefault(key, _Failures(0, 0.0))
            found.count, found.last_s = found.count + 1, self._monotonic_s()
            self._failures.move_to_end(key)
        while len(self._failures) > _REMEMBERED:
            self._failures.popitem(last=False)
        return 0.0

    def succeeded(self, name: str, address: str) -> None:
        """The last attempt was right: what failed of this name from this address is not counted any more."""
        both, *others = _limits(name, address)
        own = self._failures.pop(both, _Failures(0, 0.0)).count
        for key in others:
            if key in self._failures:
                self._failures[key].count -= own

    def _wait_s(self, key: _Key, limit: _Limit) -> float:
        found = self._failures.get(key)
        if found is None:
            return 0.0
        since_s = self._monotonic_s() - found.last_s
        if since_s >= _FORGOTTEN_S:
            del self._failures[key]
            return 0.0
        beyond = found.count - limit.free
        # The doubling ends where the exponent would be of no use.
        return min(2.0 ** min(beyond, 20), limit.longest_s) - since_s if beyond >= 0 else 0.0


def _limits(name: str, address: str) -> dict[_Key, _Limit]:
    known = name.casefold()[:_MOST_NAME_CHARACTERS] or "?"
    return {(known, address): _BOTH, ("", address): _ADDRESS, (known, ""): _NAME}
