"""Mapping profiles: where a sender puts what, compiled once so that every message is read fast."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import tzinfo

from producers.hl7.paths import Path
from schemas.events import Event


@dataclass(frozen=True, slots=True)
class Profile:
    """How one kind of sender writes.

    zone: where the clock of its times without offset stands; None: the installation's.
    issuer: of accession numbers whose issuer no message names; None: the site.
    paths: by field, the places of its value, the first that has one.
    values: by field, what the sender's codes mean in ours; keys also in upper case.
    steps: by field, the step of each code of the sender's own; None: nothing is said of it.
    """

    name: str
    zone: tzinfo | None = None
    issuer: str | None = None
    paths: Mapping[str, tuple[Path, ...]] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    steps: Mapping[str, Mapping[str, type[Event] | None]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Profiles:
    """Which profile is whose. senders: by application (MSH-3) and facility (MSH-4), None for any."""

    by_name: Mapping[str, Profile]
    senders: Mapping[tuple[str | None, str | None], Profile]
    default: Profile

    def of(self, application: str, facility: str) -> Profile:
        """The profile of this sender: named by both, by application, by facility, else the default."""
        senders = self.senders
        if not senders:
            return self.default
        for key in ((application, facility), (application, None), (None, facility)):
            found = senders.get(key)
            if found is not None:
                return found
        return self.default

    def only(self, name: str) -> Profiles:
        """The profile `name`, whoever sends. Raises KeyError."""
        return Profiles(self.by_name, {}, self.by_name[name])
