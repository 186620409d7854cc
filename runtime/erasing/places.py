"""Every store searched for a patient: is what was sealed for them closed, and does nothing name them?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from runtime.archive import archive_store_config, trusted_keys
from runtime.backups import search_backups
from runtime.erasing.letter_verdict import Sought
from runtime.erasing.letters import search_letters
from runtime.erasing.patient_facts import exams_of
from runtime.erasing.place_clickhouse import search_clickhouse
from runtime.erasing.place_files import search_files
from runtime.erasing.place_images import search_images, studies_of
from runtime.erasing.place_kafka import search_kafka
from runtime.erasing.search import PartSearch, Seen
from runtime.governance.session import Session
from runtime.objects import object_client
from runtime.verifying import witnessed
from schemas.sealed_letters import HL7, key_subject
from sinks.archive.keys import trusted
from sinks.archive.names import Place
from sinks.archive.record import ArchivedMessage
from sinks.archive.store import ArchiveStore
from sinks.archive.verification import Span, Tell, verify


@dataclass(frozen=True, slots=True, kw_only=True)
class Searched:
    """One place, by what method, and what was found there. notes: what else is to be known of it."""

    place: str
    method: str
    seen: Seen
    notes: tuple[str, ...] = ()

    @property
    def is_closed(self) -> bool:
        """Whether nothing of it can be read."""
        return self.seen.open == 0 and self.seen.in_clear == 0

    def body(self) -> dict[str, Any]:
        """As JSON has it."""
        seen = self.seen
        return {
            "place": self.place,
            "method": self.method,
            "examined": seen.examined,
            "sealed_parts_closed": seen.closed,
            "sealed_parts_open": seen.open,
            "sealed_since_the_erasure": seen.since,
            "in_clear": seen.in_clear,
            "where": seen.where,
            "notes": list(self.notes),
        }


_MESSAGES = "every message decompressed and searched for ids of the patient's data keys{names}"
_NAMES = ", and for the patient's number and name in clear"


def search_everywhere(
    session: Session, search: PartSearch, keys: Sequence[str], tell: Tell
) -> list[Searched]:
    """All places, in the order in which data flows. Raises what the stores raise."""
    installation = session.installation
    kafka = search_kafka(installation.kafka_bootstrap, search, tell)
    names = _NAMES if search.knows_names else ""
    exams = exams_of(session.client, keys)
    places = [
        _keys(session, search),
        *_each(
            "Kafka topic",
            kafka,
            _MESSAGES.format(names=names),
        ),
        _archive(session, search, names, tell),
        _images(session, search, keys, exams, tell),
        *_each(
            "ClickHouse table",
            search_clickhouse(session.client, search),
            f"rows counted by the data key that they are sealed under{names}",
        ),
        *_each(
            "files of the data directory",
            search_files(installation.data, search),
            f"every file's bytes searched for ids of the patient's data keys{names}",
        ),
        _letters(session, search, keys),
    ]
    return [*places, *_backups(session, search)]


def _each(kind: str, found: Mapping[str, Seen], method: str) -> list[Searched]:
    return [Searched(place=f"{kind} {name}", method=method, seen=seen) for name, seen in found.items()]


def _keys(session: Session, search: PartSearch) -> Searched:
    seen = Seen()
    for subject in search.subjects:
        seen.examined += 1
        generations = session.ring.generations(subject)
        for generation in range(1, sum(generations) + 1):
            search.judge(f"{subject}/{generation}", 1, seen, "key ring")
    return Searched(
        place="key ring",
        method="each generation of each key asked for; a destroyed one leaves a tombstone",
        seen=seen,
    )


def _archive(session: Session, search: PartSearch, names: str, tell: Tell) -> Searched:
    """The archive is verified as `radstream verify` does, and each message that it gives is searched."""
    installation, seen = session.installation, Seen()

    def look(place: Place, message: ArchivedMessage) -> None:
        values = [value for _, value in message.headers if value is not None]
        content = b"\n".join([message.key or b"", message.value or b"", *values])
        search.look(content, seen, f"archive {place} offset {message.offset}")

    with closing(ArchiveStore(archive_store_config(installation))) as store:
        walked = verify(
            store,
            trusted(store, trusted_keys(installation)),
            span=Span(),
            anchors=witnessed(installation),
            tell=tell,
            on_message=look,
        )
    found = walked.found
    notes = [
        (
            f"verified: {found.seals} seals, {found.files} files, {found.events} events, "
            f"{len(found.faults)} faults"
        )
    ]
    notes += [f"fault: {fault.kind.value} {fault.name}: {fault.what}" for fault in found.faults[:5]]
    return Searched(
        place="archive of the log", method=_MESSAGES.format(names=names), seen=seen, notes=tuple(notes)
    )


def _images(
    session: Session, search: PartSearch, keys: Sequence[str], exams: Sequence[str], tell: Tell
) -> Searched:
    installation = session.installation
    studies = studies_of(session.client, keys, exams)
    bucket = installation.settings.s3_bucket
    seen = search_images(object_client(installation), bucket, studies, search, tell)
    return Searched(
        place="object store, images",
        method="every object of the patient's studies: its header names the key that it is sealed under",
        seen=seen,
        notes=(f"{len(studies)} studies; small pictures are made in memory and never stored",),
    )


def _letters(session: Session, search: PartSearch, keys: Sequence[str]) -> Searched:
    """Letters that came after the plan was made, or that only people can tell, are named."""
    found = search_letters(session.installation, session.codec, session.ring, Sought(frozenset(keys)))
    later, shared = sorted(found.theirs), sorted(found.shared)
    closed = sum(key_subject(HL7, one) in search.subjects for one in found.closed)
    seen = Seen(examined=found.searched, closed=closed, since=len(later), open=len(shared))
    notes = [f"about the patient, and came later: {one}" for one in later]
    notes += [f"sealed by an earlier version under the site's key, out of reach: {one}" for one in shared]
    if found.unread:
        notes.append(f"{len(found.unread)} letters could not be opened to look: the key ring did not let us")
    return Searched(
        place="dead letters of what came in",
        method="each letter that opens is read for the patient's identifiers",
        seen=seen,
        notes=tuple(notes),
    )


def _backups(session: Session, search: PartSearch) -> list[Searched]:
    return [
        Searched(
            place=f"key backup {place}", method="its own key ring asked for each key", seen=seen, notes=notes
        )
        for place, seen, notes in search_backups(session.installation, search)
    ]
