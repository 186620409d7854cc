"""The certificate of an erasure: what went, where it was looked for, and what is not covered. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from runtime.erasing.destroying import Destroyed
from runtime.erasing.downstream import SentBefore
from runtime.erasing.places import Searched
from runtime.governance.register import ErasureCase
from sinks.archive.signing import Signer

ERASURE = "erasure certificate"
"""What a signature is over begins with this, so no other document of the archive passes for it."""

_ALWAYS_NOT_COVERED = (
    "paper, films, discs, and what people wrote down or downloaded",
    "filters that users saved in their browsers, and pages that are open there until they are loaded again",
    "blocks of a disk that a destroyed key lay on, wrapped by the site's key, until it is written over",
    "copies of the key ring that were made by other means than `radstream backup`",
    "pseudonyms, accession numbers, UIDs, codes and times: they remain",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What the certificate tells of: the decision, the deed, the search, who was sent something before."""

    case: ErasureCase
    destroyed: Sequence[Destroyed]
    event_ids: Sequence[str]
    searched: Sequence[Searched]
    sent: Sequence[SentBefore]
    unreached_backups: Sequence[str]
    names_were_sought: bool
    certified_at: datetime

    @property
    def is_complete(self) -> bool:
        """Whether all that was searched is closed."""
        return all(place.is_closed for place in self.searched) and not self.unreached_backups


def body_of(account: Account) -> dict[str, Any]:
    """As JSON has it."""
    confirmed = account.case.confirmed
    return {
        "document": ERASURE,
        "version": 1,
        **_decision(account.case),
        "certified_at": _instant(account.certified_at),
        "is_complete": account.is_complete,
        "keys_destroyed": [
            {"subject": one.subject, "generations": one.generation} for one in account.destroyed
        ],
        "log_events": list(account.event_ids),
        "names_and_numbers_in_clear": (
            "looked for, as they were known until the keys were destroyed"
            if account.names_were_sought
            else "not looked for: the keys were destroyed in an earlier run, so nobody knows them any more"
        ),
        "searched": [place.body() for place in account.searched],
        "not_covered": {
            "sent_before": [one.body() for one in account.sent],
            "backups_out_of_reach": list(account.unreached_backups),
            "dead_letters_to_look_at": list(confirmed.undecided if confirmed else ()),
            "always": list(_ALWAYS_NOT_COVERED),
        },
    }


def _decision(case: ErasureCase) -> dict[str, Any]:
    requested, confirmed = case.requested, case.confirmed
    return {
        "request_id": requested.request_id,
        "patient_keys": list(requested.patient_keys),
        "reason": requested.erasure_reason,
        "requested_by": requested.requested_by,
        "requested_at": _instant(requested.envelope.recorded_at),
        "confirmed_by": confirmed.confirmed_by if confirmed else None,
        "confirmed_at": _instant(confirmed.envelope.recorded_at) if confirmed else None,
    }


def signed_certificate(signer: Signer, account: Account) -> bytes:
    """Two lines of JSON: what is said, and the signature over it."""
    return signer.signed(ERASURE, body_of(account))


def certificate_digest(document: bytes) -> str:
    """SHA-256 of the certificate as it is stored."""
    return sha256(document).hexdigest()


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")
