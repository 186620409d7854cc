"""From a confirmed case to its certificate: destroy, tell, search, sign, say. Each step may be done again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runtime.archive import signer_of
from runtime.backups import destroy_in_backups
from runtime.erasing.certificate import Account, body_of, certificate_digest, signed_certificate
from runtime.erasing.certificate_page import certificate_page
from runtime.erasing.destroying import Destroyed, destroy_keys, erased_events
from runtime.erasing.downstream import sent_before
from runtime.erasing.key_ids import parted
from runtime.erasing.patient_facts import exams_of
from runtime.erasing.places import search_everywhere
from runtime.erasing.plan import Plan
from runtime.erasing.search import PartSearch, names_in_clear
from runtime.erasing.tombstones import DIRECTORY, NAME, add_tombstones
from runtime.governance.reading import envelope_of
from runtime.governance.register import ErasureCase
from runtime.governance.session import Session, wall_now
from schemas.events import ErasureCertified
from schemas.identity import subject_of_patient
from sinks.archive.signing import key_id
from sinks.archive.verification import Tell


@dataclass(frozen=True, slots=True)
class Certified:
    """The certificate, and where it was written."""

    body: Mapping[str, Any]
    sha256: str
    files: tuple[Path, ...]


def erase_and_certify(session: Session, case: ErasureCase, plan: Plan | None, tell: Tell) -> Certified:
    """Raises KeyRingUnusable, PublishFailed, OSError, and what the stores raise; run again, it goes on."""
    assert case.confirmed is not None  # noqa: S101 - only what is confirmed is destroyed
    installation, key_ids = session.installation, case.confirmed.key_ids
    destroyed = destroy_keys(session.ring, key_ids)
    # After the keys and before the log: who restores an old copy of the ring must not need the log for it.
    add_tombstones(installation.data / DIRECTORY / NAME, key_ids)
    unreached = destroy_in_backups(installation, key_ids)
    event_ids = _tell_log(session, case, destroyed)
    search = PartSearch(session.ring, dict(map(parted, key_ids)), names_in_clear(plan.known if plan else ()))
    keys = case.requested.patient_keys
    account = Account(
        case=case,
        destroyed=destroyed,
        event_ids=event_ids,
        searched=search_everywhere(session, search, keys, tell),
        sent=sent_before(session.client, keys, exams_of(session.client, keys)),
        unreached_backups=unreached,
        names_were_sought=search.knows_names,
        certified_at=wall_now(),
    )
    return _certify(session, account)


def _tell_log(session: Session, case: ErasureCase, destroyed: list[Destroyed]) -> list[str]:
    assert case.confirmed is not None  # noqa: S101 - only what is confirmed is destroyed
    by = session.pseudonyms(case.requested.requested_by, case.confirmed.confirmed_by)
    installation = session.installation
    events = erased_events(case, destroyed, (by[0], by[1]), installation.settings.site, installation.now()())
    session.say(*events)
    return [event.envelope.event_id for event in events]


def _certify(session: Session, account: Account) -> Certified:
    signer = signer_of(session.installation)
    document = signed_certificate(signer, account)
    digest, body = certificate_digest(document), body_of(account)
    request_id, key = account.case.request_id, account.case.requested.patient_keys[0]
    folder = session.installation.data / DIRECTORY
    files = (folder / f"{request_id}.json", folder / f"{request_id}.html")
    files[0].write_bytes(document)
    files[1].write_text(certificate_page(body, digest, key_id(signer.public)), "utf-8")
    session.say(
        ErasureCertified(
            envelope=envelope_of(
                "erasure-certified",
                f"{request_id}/{digest}",
                site=session.installation.settings.site,
                exam_id=subject_of_patient(key),
                patient_key=key,
                now=account.certified_at,
            ),
            request_id=request_id,
            certificate=document.decode(),
            certificate_sha256=digest,
            is_complete=account.is_complete,
        )
    )
    return Certified(body, digest, files)
