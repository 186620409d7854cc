"""What an erasure destroys: found while the keys still open, and written down before the first one goes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from clickhouse_connect.driver.client import Client

from runtime.erasing.letter_verdict import Sought
from runtime.erasing.letters import search_letters
from runtime.erasing.patient_facts import exams_of, known_of, nameless_studies
from runtime.installation import Installation
from schemas.codec import Codec
from schemas.image_sealing import image_subject
from schemas.parts import Phi
from schemas.phi import KeyRing
from schemas.sealed_letters import HL7, key_subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """key_ids: the last key of each subject. undecided: dead letters that people have to look at.

    exams: the patient's. known: what is known of them, in memory only: after it, nobody can know it again.
    """

    key_ids: tuple[str, ...]
    undecided: tuple[str, ...]
    exams: tuple[str, ...]
    known: tuple[Phi, ...]


def plan_erasure(
    installation: Installation, client: Client, codec: Codec, ring: KeyRing, keys: Sequence[str]
) -> Plan:
    """Raises TopicUnreadable, KeyRingUnusable, ClickHouse's own errors."""
    exams = exams_of(client, keys)
    known = known_of(client, ring, keys)
    letters = search_letters(installation, codec, ring, Sought(frozenset(keys), known))
    subjects = [
        *keys,
        *(image_subject(None, uid) for uid in nameless_studies(client, exams)),
        *(key_subject(HL7, letter) for letter in sorted(letters.theirs)),
    ]
    return Plan(
        key_ids=tuple(_last_keys(ring, subjects)),
        undecided=tuple(sorted(letters.undecided | letters.shared)),
        exams=exams,
        known=known,
    )


def _last_keys(ring: KeyRing, subjects: Iterable[str]) -> Iterable[str]:
    """`subject/generation` of what there was ever a key of."""
    for subject in subjects:
        if generation := sum(ring.generations(subject)):
            yield f"{subject}/{generation}"
