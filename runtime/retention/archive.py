"""Files of the archive that are older than a rule says: the proofs stay, the messages go."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime

from runtime.archive import archive_store_config, signer_of, trusted_keys
from runtime.governance.session import Session, wall_now
from runtime.retention.planned import Planned
from runtime.retention.rules import Rule
from runtime.verifying import witnessed
from sinks.archive.container import messages_in
from sinks.archive.errors import ArchiveBroken, ObjectMissing
from sinks.archive.expiry import Expiry, say_expired
from sinks.archive.keys import trusted
from sinks.archive.manifest import Manifest
from sinks.archive.store import ArchiveStore
from sinks.archive.verification import Tell, walk_chains
from sinks.clickhouse.retention import HeldRows


def plan_files(
    session: Session, rule: Rule, held: HeldRows, now: datetime, tell: Tell
) -> tuple[Planned, list[Manifest]]:
    """What would go: whole files, none with a message of a held exam. Raises ArchiveError."""
    planned = Planned(rule=rule, place=rule.place, before=rule.before(now))
    planned.notes.append("manifests, seals and signatures stay; what was in the files can no longer be read")
    going: list[Manifest] = []
    with _store(session) as store:
        for manifest in _old_files(session, store, planned, tell):
            if _is_held(store, manifest, held):
                planned.held += 1
            elif store.locked_until(manifest.file) > now:
                planned.locked += 1
            else:
                planned.see(datetime.fromtimestamp(manifest.earliest_ms / 1000, UTC), manifest.size_bytes)
                going.append(manifest)
    return planned, going


def remove_files(session: Session, rule: Rule, going: list[Manifest], by: str) -> int:
    """Say and sign what goes, then let it go. Done again, it completes. Raises ArchiveError."""
    with _store(session) as store:
        for place in dict.fromkeys(manifest.place for manifest in going):
            files = [manifest for manifest in going if manifest.place == place]
            expiry = Expiry(rule=rule.name, applied_by=by, expired_at=wall_now(), files=files)
            say_expired(store, signer_of(session.installation), expiry)
            for manifest in files:
                store.remove(manifest.file)
    return len(going)


def _old_files(session: Session, store: ArchiveStore, planned: Planned, tell: Tell) -> Iterator[Manifest]:
    """Those of the topic that are there, all older than the bound; also small ones that were joined."""
    keys = trusted(store, trusted_keys(session.installation))
    walked, _ = walk_chains(store, keys, witnessed(session.installation), tell)
    if walked.found.faults:
        first = walked.found.faults[0]
        raise ArchiveBroken(f"nothing goes from an archive that does not verify: {first.name}: {first.what}")
    before_ms = int(planned.before.timestamp() * 1000)
    for place, chain in walked.chains.items():
        if place.topic != planned.place:
            continue
        there = set(store.names(f"archive/{place}/"))
        for manifest in filter(None, (link.manifest for link in chain)):
            if 0 <= manifest.latest_ms < before_ms and manifest.file in there:
                yield manifest


def _is_held(store: ArchiveStore, manifest: Manifest, held: HeldRows) -> bool:
    """Whether a message of it is about what is held: its key says so."""
    if not held.exams:
        return False
    keys = {exam.encode() for exam in held.exams}
    try:
        return any(message.key in keys for message, _ in messages_in(store.get(manifest.file)))
    except ObjectMissing:
        return False


def _store(session: Session) -> closing[ArchiveStore]:
    return closing(ArchiveStore(archive_store_config(session.installation)))
