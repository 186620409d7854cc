"""Whose exam it is: one person may have several keys, and one exam_id may wrongly name two persons. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from processors.facts import Fact

MERGED, UNMERGED, ERASED, MISMATCH = "PatientMerged", "PatientUnmerged", "PatientErased", "MismatchDetected"
STEPS = frozenset({MERGED, UNMERGED, ERASED})
# What is read off images; everything else comes from those who ordered, did or reported the exam.
IMAGE_STEPS = frozenset(
    {
        "FirstImageAcquired",
        "FirstImageStored",
        "ImagesStored",
        "InstanceQuarantined",
        "InstanceStored",
        "SeriesStored",
        "StorageCommitted",
        "StorageFailed",
        "StudyStored",
    }
)
# Said by us about others' statements: they name no patient of their own.
DERIVED_STEPS = frozenset({MISMATCH, "EventCorrected", "ExamReconciled", "ExamUnreconciled"}) | STEPS


class MergeSaid(NamedTuple):
    """What a PatientMerged or PatientUnmerged (`step`) states. recorded_us: microseconds since the epoch."""

    step: str
    merged_patient_key: str
    surviving_patient_key: str
    recorded_us: int


def merges_said(facts: Iterable[Fact]) -> Iterator[MergeSaid]:
    """Those among `facts` of `STEPS`, none retracted."""
    for fact in facts:
        if fact.step != ERASED:
            gone, stays = (str(fact.attributes[name]) for name in MergeSaid._fields[1:3])
            yield MergeSaid(fact.step, gone, stays, fact.recorded_us)


class Persons:
    """Which keys are one person, by the merges that stand."""

    def __init__(self, said: Iterable[MergeSaid]) -> None:
        """A merge stands until its undoing is recorded."""
        merges: dict[tuple[str, str], int] = {}
        undone: dict[tuple[str, str], int] = {}
        for step, merged, surviving, recorded_us in said:
            keys, latest = (merged, surviving), merges if step == MERGED else undone
            latest[keys] = max(recorded_us, latest.get(keys, recorded_us))
        self._into: dict[str, str] = {}
        for at, keys in sorted((at, keys) for keys, at in merges.items()):
            if keys not in undone or at > undone[keys]:
                gone, stays = self.survivor(keys[0]), self.survivor(keys[1])
                if gone != stays:
                    self._into[gone] = stays

    def survivor(self, key: str) -> str:
        """The key that stays for the person who has `key`."""
        while key in self._into:
            key = self._into[key]
        return key

    def keys_of(self, key: str) -> set[str]:
        """`key`, and every other key of the same person."""
        person = self.survivor(key)
        return {key, person} | {other for other in self._into if self.survivor(other) == person}

    def of(self, keys: Iterable[str]) -> set[str]:
        """The persons that `keys` name, by the keys that stay."""
        return {self.survivor(key) for key in keys}
