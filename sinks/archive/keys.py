"""The archive's public keys in the archive, and which of them may be trusted.

Who trusts a key trusts those that it vouches for: so a new key vouches for the ones before it, and what they
signed still verifies. A key that only the archive itself shows is not trusted: who can write there could have
put it there.
"""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from sinks.archive.chain import Objects
from sinks.archive.errors import ArchiveBroken, ObjectMissing
from sinks.archive.names import key_name
from sinks.archive.signing import KEY, PublicKeys, Signer, key_id, opened, public_keys


def publish_key(store: Objects, signer: Signer, earlier: Sequence[bytes]) -> None:
    """Put the signer's public key into the archive, vouching for the `earlier` ones. Raises
    ArchiveUnavailable.
    """
    body = {"public": signer.public.hex(), "vouches_for": sorted(key.hex() for key in earlier)}
    store.put(key_name(key_id(signer.public)), signer.signed(KEY, body))


def trusted(store: Objects, trusted_keys: Sequence[bytes]) -> PublicKeys:
    """`trusted_keys`, and those that they vouch for in the archive. Raises ArchiveUnavailable,
    ArchiveBroken.
    """
    found: dict[str, bytes] = {}
    left = list(trusted_keys)
    while left:
        key = left.pop()
        name = key_id(key)
        if name in found:
            continue
        found[name] = key
        try:
            said = opened(KEY, store.get(key_name(name)), public_keys(key))
            left += [bytes.fromhex(one) for one in said["vouches_for"]]
        except ObjectMissing:
            continue
        except ArchiveBroken as error:
            raise ArchiveBroken(f"{key_name(name)}: {error}") from error
        except (KeyError, ValueError, orjson.JSONDecodeError) as error:
            raise ArchiveBroken(f"{key_name(name)} says nothing") from error
    return public_keys(*found.values())
