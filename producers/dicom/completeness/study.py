"""One study as far as it has come: a set of facts, so that their order and repetition do not matter. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from producers.dicom.completeness.facts import ArchivedObject, ImageArchived, StudyExam


def instance_digest(sop_instance_uid: str) -> int:
    """64 bits in place of the UID: sets of them are small, and a collision within a study will not be."""
    return int.from_bytes(hashlib.blake2b(sop_instance_uid.encode(), digest_size=8).digest())


@dataclass(slots=True)
class Series:
    """A series in the archive.

    brought: images that an association is known of; found: those that the archive had before.
    open: associations that brought some and have not ended; brought_by_ended: one that has.
    said_to: exams that were told that it is complete with these images.
    """

    brought: set[int] = field(default_factory=set)
    found: set[int] = field(default_factory=set)
    size_bytes: int = 0
    modality: tuple[datetime, str | None] | None = None
    open: set[str] = field(default_factory=set)
    brought_by_ended: bool = False
    last_at: datetime | None = None
    exam_ids: set[str] = field(default_factory=set)
    said_to: set[str] = field(default_factory=set)

    @property
    def instance_count(self) -> int:
        """How many images the archive has of it."""
        return len(self.brought) + len(self.found)

    def has_exactly(self, named: Collection[int]) -> bool:
        """Whether these are its images, no less and no more."""
        return len(named) == self.instance_count and self.has_all(named)

    def has_all(self, named: Iterable[int]) -> bool:
        """Whether these are among its images."""
        return all(image in self.brought or image in self.found for image in named)


@dataclass(slots=True)
class Claim:
    """What those whom a rule trusts say that there is: images by series.

    is_of_study: False where it may be of another study's series too, so that it says nothing of a whole.
    """

    named: dict[str, set[int]] = field(default_factory=dict)
    is_of_study: bool = True


@dataclass(slots=True)
class Study:
    """A study. claims: by rule. touched_at: the latest time that any fact of it bears."""

    study_instance_uid: str
    touched_at: datetime
    series: dict[str, Series] = field(default_factory=dict)
    exams: dict[str, StudyExam] = field(default_factory=dict)
    claims: dict[str, Claim] = field(default_factory=dict)
    said_to: set[str] = field(default_factory=set)

    @property
    def last_at(self) -> datetime | None:
        """When the last image came, of which we were told."""
        return max((series.last_at for series in self.series.values() if series.last_at), default=None)

    @property
    def instance_count(self) -> int:
        """How many images the archive has of it."""
        return sum(series.instance_count for series in self.series.values())

    @property
    def size_bytes(self) -> int:
        """Their size together."""
        return sum(series.size_bytes for series in self.series.values())

    @property
    def is_said(self) -> bool:
        """Each exam knows that it is complete as it is."""
        return bool(self.exams) and self.said_to >= self.exams.keys()

    def add(self, image: ImageArchived, *, has_ended: bool) -> None:
        """The archive has an image. has_ended: its association is over."""
        series = self.series.setdefault(image.series_instance_uid, Series())
        digest = instance_digest(image.sop_instance_uid)
        if digest not in series.brought:
            series.brought.add(digest)
            if digest in series.found:
                series.found.remove(digest)
            else:
                series.size_bytes += image.size_bytes
                self._reopen(series)
        if has_ended:
            series.brought_by_ended = True
        else:
            series.open.add(image.association_id)
        self._learn(series, image)

    def find(self, image: ArchivedObject) -> None:
        """The archive had an image of which we were not told."""
        series = self.series.setdefault(image.series_instance_uid, Series())
        digest = instance_digest(image.sop_instance_uid)
        if digest not in series.brought and digest not in series.found:
            series.found.add(digest)
            series.size_bytes += image.size_bytes
            self._reopen(series)

    def claim(self, rule: str, named: Iterable[tuple[str, Iterable[str]]], *, is_of_study: bool) -> None:
        """Add what is named; a series of which nothing is named says nothing."""
        claim = self.claims.setdefault(rule, Claim())
        claim.is_of_study = claim.is_of_study and is_of_study
        for series_instance_uid, uids in named:
            digests = {instance_digest(uid) for uid in uids}
            if digests:
                claim.named.setdefault(series_instance_uid, set()).update(digests)

    def end(self, association_ids: Collection[str]) -> bool:
        """These associations are over; whether one had brought images."""
        has_changed = False
        for series in self.series.values():
            ended = series.open.intersection(association_ids)
            if ended:
                series.open -= ended
                series.brought_by_ended = has_changed = True
        return has_changed

    def open_associations(self) -> set[str]:
        """Those that brought images and have not ended."""
        return {association for series in self.series.values() for association in series.open}

    def _reopen(self, series: Series) -> None:
        self.said_to.clear()
        series.said_to.clear()

    def _learn(self, series: Series, image: ImageArchived) -> None:
        series.last_at = max(series.last_at or image.stored_at, image.stored_at)
        series.exam_ids.add(image.exam.exam_id)
        said = (image.stored_at, image.modality)
        series.modality = min(series.modality or said, said, key=lambda at: (at[0], at[1] or ""))
        known = self.exams.setdefault(image.exam.exam_id, image.exam)
        self.exams[known.exam_id] = min(
            known, image.exam, key=lambda exam: (exam.first_at, exam.phi_bound_to)
        )
