"""Passcodes of user identity negotiation (PS3.7 D.3.3.7), kept as scrypt hashes (RFC 7914) only."""

from __future__ import annotations

import hashlib
import hmac
import os
import re

# 16 MiB and some 50 ms: an association is asked for seldom, a stolen file is tried often.
_N, _R, _P = 2**14, 8, 1
_MAXIMUM_N = 2**17
_HASH = re.compile(r"scrypt:(\d{1,6}):(\d{1,2}):(\d{1,2}):([0-9a-f]{32}):([0-9a-f]{64})")


def hash_passcode(passcode: bytes) -> str:
    """`scrypt:N:r:p:salt:hash`, with a salt of its own."""
    salt = os.urandom(16)
    hashed = _scrypt(passcode, salt, _N, _R, _P)
    return f"scrypt:{_N}:{_R}:{_P}:{salt.hex()}:{hashed.hex()}"


def is_passcode_hash(text: str) -> bool:
    """Whether `passcode_matches` can use it."""
    found = _HASH.fullmatch(text)
    if found is None:
        return False
    n, r, p = (int(found[number]) for number in (1, 2, 3))
    return n.bit_count() == 1 and 2 <= n <= _MAXIMUM_N and 1 <= r <= 8 and 1 <= p <= 4


def passcode_matches(passcode: bytes, hashed: str) -> bool:
    """Whether it is the passcode; takes as long whichever it is."""
    _, n, r, p, salt, expected = hashed.split(":")
    found = _scrypt(passcode, bytes.fromhex(salt), int(n), int(r), int(p))
    return hmac.compare_digest(found, bytes.fromhex(expected))


def _scrypt(passcode: bytes, salt: bytes, n: int, r: int, p: int) -> bytes:
    return hashlib.scrypt(passcode, salt=salt, n=n, r=r, p=p, maxmem=2**28, dklen=32)
