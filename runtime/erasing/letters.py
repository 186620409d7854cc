"""The dead letters that an erasure has to reach: opened, and held against what is known of the patient."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from producers.hl7.context import MappingConfig
from producers.hl7.profile_file import load_profiles
from runtime.erasing.letter_verdict import Sought, Verdict, verdict
from runtime.installation import Installation
from runtime.topic_records import topic_records
from schemas.codec import Codec
from schemas.deadletters import DeadLetter
from schemas.errors import KeyDestroyed, PhiError
from schemas.phi import KeyRing
from schemas.sealed_letters import KEY_SUBJECT, RAW_ORIGINS, payload_of
from schemas.topics import DEADLETTERS


@dataclass(slots=True)
class LettersFound:
    """Ids of letters, each once.

    theirs, undecided: by what is in them. closed: whose key is destroyed. unread: that did not open.
    shared: theirs or undecided, but sealed by an earlier version under one key of the site: no erasure
    reaches them.
    """

    searched: int = 0
    theirs: set[str] = field(default_factory=set)
    undecided: set[str] = field(default_factory=set)
    closed: set[str] = field(default_factory=set)
    unread: set[str] = field(default_factory=set)
    shared: set[str] = field(default_factory=set)

    def add(self, letter: DeadLetter, found: Verdict) -> None:
        """One letter that opened."""
        if found is Verdict.OTHERS:
            return
        is_own = letter.payload.key_id.startswith(f"{KEY_SUBJECT}|")
        places = {Verdict.THEIRS: self.theirs, Verdict.UNDECIDED: self.undecided}
        (places[found] if is_own else self.shared).add(letter.dead_letter_id)


def search_letters(installation: Installation, codec: Codec, ring: KeyRing, sought: Sought) -> LettersFound:
    """Every letter that holds what came from outside. Raises TopicUnreadable."""
    config = mapping_config(installation)
    found = LettersFound()
    for letter in _raw_letters(installation, codec):
        found.searched += 1
        try:
            payload = payload_of(ring, letter)
        except KeyDestroyed:
            found.closed.add(letter.dead_letter_id)
        except PhiError:
            found.unread.add(letter.dead_letter_id)
        else:
            found.add(letter, verdict(letter.origin, payload, sought, config))
    return found


def mapping_config(installation: Installation) -> MappingConfig:
    """How the listeners of the installation read who a patient is. Raises ValueError."""
    settings = installation.settings
    return MappingConfig(
        site=settings.site,
        site_secret=installation.secret_key("site_secret"),
        zone=ZoneInfo(settings.zone),
        profiles=load_profiles(settings.hl7_profiles),
    )


def _raw_letters(installation: Installation, codec: Codec) -> Iterator[DeadLetter]:
    for _, record in topic_records(installation.kafka_bootstrap, codec, DEADLETTERS):
        if isinstance(record, DeadLetter) and record.origin in RAW_ORIGINS:
            yield record
