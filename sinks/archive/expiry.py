"""Files of the archive that were let go by a rule: signed before they go, so that who verifies knows.

The manifests stay: the chain and its signatures hold, and what an expired file had is still counted. That its
messages were what its manifest says can no longer be checked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sinks.archive.chain import Objects
from sinks.archive.errors import ArchiveBroken
from sinks.archive.findings import Findings
from sinks.archive.manifest import Manifest
from sinks.archive.names import EXPIRIES
from sinks.archive.signing import EXPIRY, PublicKeys, Signer, opened

Expired = Mapping[str, str]
"""SHA-256 of what stood there, by the file's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expiry:
    """Files of one partition that go, by which rule, and who applied it. expired_at: UTC."""

    rule: str
    applied_by: str
    expired_at: datetime
    files: Sequence[Manifest]

    def body(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "rule": self.rule,
            "applied_by": self.applied_by,
            "expired_at": self.expired_at.astimezone(UTC).isoformat(),
            "files": [[one.file, one.sha256] for one in self.files],
        }


def say_expired(store: Objects, signer: Signer, expiry: Expiry) -> None:
    """Put it into the archive. Raises ArchiveUnavailable."""
    first = expiry.files[0]
    stamp = f"{expiry.expired_at.astimezone(UTC):%Y%m%dT%H%M%S%fZ}"
    store.put(
        f"{EXPIRIES}{first.place}/{first.number:010d}-{stamp}.json", signer.signed(EXPIRY, expiry.body())
    )


def read_expired(store: Objects, keys: PublicKeys, found: Findings) -> Expired:
    """Every file that was said to expire. One that is not signed by us lets nothing go. Raises
    ArchiveUnavailable.
    """
    expired: dict[str, str] = {}
    for name in store.names(EXPIRIES):
        try:
            expired |= {
                str(file): str(digest) for file, digest in opened(EXPIRY, store.get(name), keys)["files"]
            }
        except ArchiveBroken as error:
            found.broken(name, error)
        except (KeyError, TypeError, ValueError):
            found.broken(name, ArchiveBroken("it names no files"))
    return expired
