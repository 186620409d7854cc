"""Collects the evidence of one exam from the archive of an installation, and says that it was exported."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runtime.accesses import export_of
from runtime.archive import archive_store_config, trusted_keys
from runtime.evidence.bundle import Evidence, write_bundle
from runtime.evidence.readable import readable
from runtime.installation import Installation
from runtime.saying import publisher_of
from runtime.verifying import witnessed
from schemas.keyring_config import open_key_ring
from schemas.registry import connect_codec
from schemas.topics import EVENTS, INSTANCES
from sinks.archive.exam_search import Found, find_exam
from sinks.archive.findings import Findings
from sinks.archive.keys import trusted
from sinks.archive.names import key_name, seal_name
from sinks.archive.seal import Seal
from sinks.archive.store import ArchiveStore
from sinks.archive.verification import Tell, walk_chains

_TOPICS = frozenset({EVENTS, INSTANCES})


class NoEvidence(Exception):
    """There is nothing to prove, or it cannot be proven. The message says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """An exam's events under the last seal. unsealed: events that are newer than it."""

    exam_id: str
    seal: Seal
    seal_document: bytes
    keys: dict[str, bytes]
    found: Sequence[Found]
    unsealed: int

    def summary(self) -> dict[str, Any]:
        """What was proven, in figures."""
        return {
            "exam": self.exam_id,
            "events": len(self.found),
            "unsealed_events": self.unsealed,
            "seal": self.seal.number,
            "sealed_at": self.seal.sealed_at.isoformat(),
            "root": self.seal.root(),
        }


def prove_exam(installation: Installation, exam: str, tell: Tell) -> Proven:
    """Every archived event of the exam, with its proof under the last seal.

    Raises NoEvidence, ArchiveError.
    """
    with closing(ArchiveStore(archive_store_config(installation))) as store:
        keys = trusted(store, trusted_keys(installation))
        walked, seals = walk_chains(store, keys, witnessed(installation), tell)
        _require_sound(walked.found)
        if not seals:
            raise NoEvidence("the archive has no seal yet: its first comes with its first files")
        found = find_exam(store, walked.chains, seals[-1], exam, topics=_TOPICS, tell=tell)
        proven = [one for one in found if one.proof is not None]
        return Proven(
            exam_id=_one_exam(exam, proven, len(found)),
            seal=seals[-1],
            seal_document=store.get(seal_name(seals[-1].number)),
            keys={name: store.get(key_name(name)) for name in keys},
            found=proven,
            unsealed=len(found) - len(proven),
        )


def _require_sound(found: Findings) -> None:
    if found.faults:
        raise NoEvidence(f"the archive is not intact, {found.faults[0].name}: see `radstream verify`")


def _one_exam(exam: str, proven: Sequence[Found], archived: int) -> str:
    exams = sorted({(one.message.key or b"").decode("utf-8", "replace") for one in proven})
    if len(exams) > 1:
        raise NoEvidence(f"{exam!r} is {len(exams)} exams: name one of {', '.join(exams)}")
    if exams:
        return exams[0]
    if archived:
        raise NoEvidence(f"the events of {exam!r} are not sealed yet: try again in some seconds")
    raise NoEvidence(
        f"the archive has no event of {exam!r}: one waits up to RADSTREAM_ARCHIVE_FILE_AGE_S for its file"
    )


def export(installation: Installation, proven: Proven, target: Path, *, with_names: bool) -> None:
    """Say in the log that the evidence is exported, then write it.

    Raises OSError, SchemaError, PublishFailed, KeyRingUnusable.
    """
    codec = connect_codec(installation.registry_url)
    ring = open_key_ring(installation.key_ring_config()) if with_names else None
    now = installation.now()()
    evidence = Evidence(
        exam_id=proven.exam_id,
        made_at=now,
        seal=proven.seal_document,
        keys=proven.keys,
        found=proven.found,
        readable=[readable(one, codec, ring) for one in proven.found],
    )
    with publisher_of(installation, "radstream-evidence") as publisher:
        what = "evidence bundle with names" if with_names else "evidence bundle"
        said = export_of(installation, what, by="evidence", now=now, exam_id=proven.exam_id)
        publisher.publish([said])
    write_bundle(evidence, target)
