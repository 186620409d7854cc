"""Targets: how long which interval of which exams may take. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from hashlib import sha256

from processors.alerts.known_exam import KnownExam
from processors.facts import to_us
from schemas.events import TargetsPublished
from schemas.intervals import INTERVALS, IntervalSpec
from schemas.parts import Target
from schemas.views import WorklistRow

SELECTORS = ("modality", "priority", "patient_class", "site")
_COLUMNS = frozenset(field.name for field in fields(WorklistRow))
# An interval can have a target where the row has both its ends. What the row has of an appointment is the
# time that was appointed, not when that was done: it begins an interval, but ends none.
JUDGED: Mapping[str, IntervalSpec] = {
    spec.name: spec
    for spec in INTERVALS
    if {f"{spec.start}_at", f"{spec.end}_at"} <= _COLUMNS
    and spec.end != "scheduled"
    and spec.priority is None  # a target says itself for which priority it is
}


def fits(target: Target, exam: KnownExam) -> bool:
    """Whether the exam is one of those that the target is for."""
    said = (exam.modality, exam.priority or "ROUTINE", exam.patient_class, exam.site)
    wanted = (target.modality, target.priority, target.patient_class, target.site)
    return all(want in (None, is_) for want, is_ in zip(wanted, said, strict=True))


def content_hash(targets: Sequence[Target]) -> str:
    """SHA-256 of what they say, whatever the file looks like: 64 hexadecimal digits."""
    text = json.dumps([target.to_record() for target in targets], sort_keys=True, separators=(",", ":"))
    return sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Version:
    """Targets that came into force together.

    in_force_us: when, microseconds since the epoch, UTC. follows: event_id of the version before.
    """

    in_force_us: int
    event_id: str
    targets_sha256: str
    targets: tuple[Target, ...]
    follows: str | None = None

    def target(self, interval: str, exam: KnownExam) -> Target | None:
        """The first one that fits, which is the one that counts."""
        found = (target for target in self.targets if target.interval == interval and fits(target, exam))
        return next(found, None)


def version_of(event: TargetsPublished) -> Version:
    """The version that `event` tells of."""
    envelope = event.envelope
    in_force_us = to_us(envelope.occurred_at)
    return Version(in_force_us, envelope.event_id, event.targets_sha256, event.targets, event.follows)


class Versions:
    """Every version that was ever in force; adding is commutative and idempotent.

    A version takes the place of those before it, also of one that was to come into force later: it was said
    when the clock stood elsewhere, as that of a simulated department does beside the wall's.
    """

    def __init__(self, versions: Iterable[Version] = ()) -> None:
        self._known: dict[str, Version] = {}
        self._ordered: list[Version] = []
        for version in versions:
            self.add(version)

    def add(self, version: Version) -> None:
        """One more version, wherever in time it belongs."""
        self._known[version.event_id] = version
        never = set(self._never_in_force())
        found = [one for one in self._known.values() if one.event_id not in never]
        self._ordered = sorted(found, key=lambda one: (one.in_force_us, one.event_id))

    def _never_in_force(self) -> Iterator[str]:
        """Ids of those whose place was taken before they came into force."""
        followed = {one.follows for one in self._known.values()}
        for last in (one for one in self._known.values() if one.event_id not in followed):
            replaced_us = last.in_force_us
            for before in self._before(last):
                if before.in_force_us >= replaced_us:
                    yield before.event_id
                replaced_us = min(replaced_us, before.in_force_us)

    def _before(self, version: Version) -> Iterator[Version]:
        """Those that it took the place of, the latest first."""
        while version.follows is not None and version.follows in self._known:
            version = self._known[version.follows]
            yield version

    @property
    def latest(self) -> Version | None:
        """The one in force now."""
        return self._ordered[-1] if self._ordered else None

    def judging(self, start_us: int, closed_us: int | None) -> Version | None:
        """The version that an interval with this start, and end if it has one, is judged by.

        That is the one that was in force when it started; an interval that was under way when the first
        targets ever came into force is judged by those, and what was over by then by none.
        """
        before = [version for version in self._ordered if version.in_force_us <= start_us]
        if before:
            return before[-1]
        first = next(iter(self._ordered), None)
        if first is None or (closed_us is not None and closed_us < first.in_force_us):
            return None
        return first
